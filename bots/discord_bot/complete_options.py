"""The options of /complete, made from the one description of the sampling options."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import discord
from discord import app_commands

from bots.commands.text_escapes import read_escapes
from config.sampling import OPTIONS, OptionSpec, SamplingOverrides, parse_overrides
from config.text import shorten

DESCRIPTION_LIMIT = 100
PROMPT_LIMIT = 6000
"""As long as Discord lets one type into an option; longer prompts come as files."""
STOPS_ARE_SPLIT_AT = "|"

DESCRIPTIONS: Mapping[str, str] = {
    "prompt": "The text to finish.",
    "file": "A .txt file to finish instead.",
    "model": "The model that writes; the server's own when left out.",
    "preset": "A named option set; options given here win over it.",
    "private": "Show the result to you alone.",
    "cut": "Whether an over-long prompt may lose its beginning; false refuses it.",
    **{
        spec.name: shorten(spec.help if spec.kind != "strings" else f"{spec.help} Put | between.", DESCRIPTION_LIMIT)
        for spec in OPTIONS
    },
}


def complete_signature() -> inspect.Signature:
    """What discord.py reads /complete's options from."""
    own: dict[str, Any] = {
        "prompt": app_commands.Range[str, 1, PROMPT_LIMIT] | None,
        "file": discord.Attachment | None,
    }
    sampling = {spec.name: _type_of(spec) for spec in OPTIONS}
    others = {"model": str | None, "preset": str | None, "private": bool | None, "cut": bool | None}
    return signature_of({**own, **sampling, **others}, {})


def explain_signature() -> inspect.Signature:
    """/explain's: one sample for the one who asks, so all that is about more than that is left out."""
    required = {"prompt": app_commands.Range[str, 1, PROMPT_LIMIT]}
    sampling = {spec.name: _type_of(spec) for spec in OPTIONS if spec.name != "samples"}
    return signature_of({**sampling, "model": str | None, "preset": str | None, "cut": bool | None}, required)


def signature_of(optional: Mapping[str, Any], required: Mapping[str, Any]) -> inspect.Signature:
    """A command's signature from its options' types."""
    first = {"interaction": discord.Interaction, **required}
    needed = [_parameter(name, its_type, False) for name, its_type in first.items()]
    return inspect.Signature([*needed, *(_parameter(name, its_type) for name, its_type in optional.items())])


def read_overrides(given: Mapping[str, Any]) -> SamplingOverrides:
    """The sampling options among what was given. Raises InvalidOptions."""
    raw = {spec.name: given[spec.name] for spec in OPTIONS if given.get(spec.name) is not None}
    if "stop" in raw:
        raw["stop"] = [read_escapes(stop) for stop in raw["stop"].split(STOPS_ARE_SPLIT_AT) if stop]
    return parse_overrides(raw)


def _type_of(spec: OptionSpec) -> Any:
    if spec.kind == "strings":
        return str | None
    number: Any = float if spec.kind == "number" else int
    return app_commands.Range[number, _bound(spec, spec.minimum), _bound(spec, spec.maximum)] | None


def _bound(spec: OptionSpec, value: float | None) -> Any:
    """discord.py takes the type of a bound for the type of the option."""
    return None if value is None else float(value) if spec.kind == "number" else int(value)


def _parameter(name: str, annotation: Any, optional: bool = True) -> inspect.Parameter:
    default = None if optional else inspect.Parameter.empty
    return inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=default, annotation=annotation)
