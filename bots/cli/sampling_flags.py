"""The sampling options as flags, generated from their one description."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from bots.commands.text_escapes import read_escapes
from config.sampling import OPTIONS, OptionSpec, SamplingOverrides, parse_overrides

PANEL = "Sampling"


def with_sampling_flags(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give `command` one flag for each option; it gets them as its keyword argument `overrides`.

    The flags take any text: judging it is `parse_overrides`' work, whose sentences every front shares.
    """
    signature = inspect.signature(command, eval_str=True)
    own = [each for each in signature.parameters.values() if each.name != "overrides"]
    flags = [_parameter(spec) for spec in OPTIONS]

    @functools.wraps(command)
    def with_overrides(**given: Any) -> Any:
        values = {spec.name: given.pop(spec.name) for spec in OPTIONS}
        return command(**given, overrides=_overrides(values))

    with_overrides.__signature__ = signature.replace(parameters=[*own, *flags])  # type: ignore[attr-defined]
    with_overrides.__annotations__ = {each.name: each.annotation for each in (*own, *flags)}
    return with_overrides


def _overrides(values: dict[str, Any]) -> SamplingOverrides:
    given = {name: value for name, value in values.items() if value not in (None, [])}
    if "stop" in given:
        given["stop"] = [read_escapes(stop) for stop in given["stop"]]
    return parse_overrides(given)


def _parameter(spec: OptionSpec) -> inspect.Parameter:
    names = [f"--{name.replace('_', '-')}" if len(name) > 1 else f"-{name}" for name in (spec.name, *spec.aliases)]
    repeatable = spec.kind == "strings"
    option = typer.Option(
        *names,
        help=f"{spec.help} {_range(spec)}",
        metavar="TEXT" if repeatable else "N",
        show_default=False,
        rich_help_panel=PANEL,
    )
    annotation = Annotated[list[str] | None, option] if repeatable else Annotated[str | None, option]
    return inspect.Parameter(spec.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _range(spec: OptionSpec) -> str:
    if spec.kind == "strings":
        return "Repeat it for more; \\n stands for a line break."
    default = f"{spec.default:g}" if isinstance(spec.default, float) else spec.default
    return f"({spec.range}; {'random' if default is None else default})"
