"""Forms for changing a request, filled with what it has; reading one gives only what was changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bots.commands.command_line import parse_options
from bots.presenter import quoted, shown
from config.sampling import OPTION_BY_NAME, OPTIONS, OptionValue, SamplingOptions, SamplingOverrides, parse_overrides

OTHERS = "others"
_OWN_FIELDS = ("temperature", "top_p", "top_k", "length")
"""Those people vary most; platforms allow few fields."""


@dataclass(frozen=True, slots=True)
class FormField:
    """A line to type into. `value` is what stands in it at first."""

    name: str
    label: str
    value: str
    hint: str = ""


def vary_form(options: SamplingOptions) -> tuple[FormField, ...]:
    """The usual options each, and one field `name=value …` for all others."""
    fields = (
        FormField(name, f"{name} ({OPTION_BY_NAME[name].range})", shown(getattr(options, name))) for name in _OWN_FIELDS
    )
    return (*fields, FormField(OTHERS, "Other options", _written(options), "seed=7 samples=3 min_p=0.1"))


def read_vary(values: Mapping[str, str], options: SamplingOptions) -> SamplingOverrides:
    """What differs from `options`. A field left empty keeps its value. Raises InvalidOptions."""
    own = {name: text.strip() for name, text in values.items() if name in _OWN_FIELDS and text.strip()}
    others = parse_options(values.get(OTHERS, "")).given()
    given = {**others, **parse_overrides(own).given()}
    return SamplingOverrides(**{name: value for name, value in given.items() if value != getattr(options, name)})


def _written(options: SamplingOptions) -> str:
    """`seed=7 samples=2 stop="\\n"`: what isn't as built in; the seed always."""
    names = [spec.name for spec in OPTIONS if spec.name not in _OWN_FIELDS]
    plain = SamplingOptions()
    wanted = [name for name in names if name == "seed" or getattr(options, name) != getattr(plain, name)]
    return " ".join(_pairs(name, getattr(options, name)) for name in wanted)


def _pairs(name: str, value: OptionValue) -> str:
    if isinstance(value, tuple):
        return " ".join(f"{name}={_typed(stop)}" for stop in value)
    return f"{name}={shown(value)}"


def _typed(text: str) -> str:
    """In quotes, as `parse_options` reads it."""
    return '"' + quoted(text)[1:-1].replace('"', '\\"') + '"'
