"""The one description of the sampling options: names, types, bounds, defaults and help.

Slash-command options, CLI flags, the page's sliders, the HTTP API, validation and the README's table come from here.
"""

from __future__ import annotations

import math
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from annotated_types import Ge, Le, MaxLen
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError

from config.errors import InvalidOptions
from config.text import closest, find_unusable_character, shorten

MAX_SEED = 2**31 - 1
MAX_LENGTH = 8192
MAX_SAMPLES = 32
MAX_STOPS = 4
MAX_STOP_CHARACTERS = 200

OptionKind = Literal["number", "integer", "strings"]
OptionValue = float | int | tuple[str, ...] | None


def read_number(value: object) -> object:
    """Accept numbers and their plain spelling; refuse NaN, infinity, booleans and decimal commas by name."""
    if isinstance(value, bool):
        raise PydanticCustomError("not_a_number", "not a number")
    if isinstance(value, str):
        value = _spelled_number(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise PydanticCustomError("not_finite", "not finite")
    return value


def _spelled_number(text: str) -> float | int:
    if len(text) > 40 or "_" in text:
        raise PydanticCustomError("not_a_number", "not a number")
    for read in (int, float):
        try:
            return read(text.strip())
        except ValueError:
            continue
    raise PydanticCustomError("not_a_number", "not a number")


def _read_stops(value: object) -> object:
    """Accept one string or several; no empty and no unusable ones."""
    if value is None:
        return ()
    stops = (value,) if isinstance(value, str) else value
    if not isinstance(stops, list | tuple) or not all(isinstance(stop, str) for stop in stops):
        raise PydanticCustomError("not_strings", "not strings")
    for stop in stops:
        if not stop:
            raise PydanticCustomError("empty_stop", "empty")
        if len(stop) > MAX_STOP_CHARACTERS:
            raise PydanticCustomError("long_stop", "too long")
        if find_unusable_character(stop) is not None:
            raise PydanticCustomError("unusable_stop", "unusable")
    return tuple(stops)


_Number = BeforeValidator(read_number)

Temperature = Annotated[float, Ge(0), Le(2), _Number]
TopK = Annotated[int, Ge(0), Le(1_000_000), _Number]
Probability = Annotated[float, Ge(0), Le(1), _Number]
RepetitionPenalty = Annotated[float, Ge(1), Le(2), _Number]
Penalty = Annotated[float, Ge(-2), Le(2), _Number]
Length = Annotated[int, Ge(1), Le(MAX_LENGTH), _Number]
Samples = Annotated[int, Ge(1), Le(MAX_SAMPLES), _Number]
Seed = Annotated[int, Ge(0), Le(MAX_SEED), _Number]
Stops = Annotated[tuple[str, ...], MaxLen(MAX_STOPS), BeforeValidator(_read_stops)]

ALIASES: Mapping[str, str] = {
    "top_n": "top_k",
    "num_samples": "samples",
    "n": "samples",
    "max_tokens": "length",
    "temp": "temperature",
}


class SamplingOptions(BaseModel):
    """Everything that shapes a completion, complete and valid. A seed of None means: draw one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    temperature: Temperature = Field(
        0.8, description="Higher is bolder; 0 always takes the likeliest token, and filters have no effect."
    )
    top_k: TopK = Field(40, description="Choose among the k likeliest tokens only; 0 turns it off.")
    top_p: Probability = Field(
        0.95, description="Choose among the likeliest tokens that together reach p; 0 and 1 turn it off."
    )
    min_p: Probability = Field(0.0, description="Drop tokens less likely than this share of the likeliest.")
    typical_p: Probability = Field(
        1.0, description="Keep the tokens closest to the expected surprise, up to p; 0 and 1 turn it off."
    )
    repetition_penalty: RepetitionPenalty = Field(
        1.0, description="Above 1, tokens already in the prompt or completion become less likely."
    )
    frequency_penalty: Penalty = Field(
        0.0, description="Lower tokens by how often the completion has used them already."
    )
    presence_penalty: Penalty = Field(0.0, description="Lower tokens the completion has used at all.")
    length: Length = Field(60, description="New tokens per sample; fewer when the text ends or a stop string comes.")
    samples: Samples = Field(1, description="How many completions of the same prompt to write.")
    seed: Seed | None = Field(
        None, description="Same seed, same text. Sample i uses seed + i. Random when left out, always shown."
    )
    stop: Stops = Field((), description="End before any of these strings; up to 4.")

    @property
    def greedy(self) -> bool:
        return self.temperature == 0

    def with_seed(self) -> Self:
        """The same options with a seed: the given one, or a random one that leaves room for every sample."""
        if self.seed is not None:
            return self
        return self.model_copy(update={"seed": secrets.randbelow(MAX_SEED - MAX_SAMPLES)})

    def seed_of(self, sample: int) -> int:
        """Seed of sample `sample` (0-based): seed + i, wrapping to stay within 0 … MAX_SEED."""
        if self.seed is None:
            raise ValueError("seed_of needs a resolved seed; call with_seed first")
        return (self.seed + sample) % (MAX_SEED + 1)


class SamplingOverrides(BaseModel):
    """Some of the sampling options: what a preset, a channel or one command sets. None means: not set here."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    temperature: Temperature | None = None
    top_k: TopK | None = None
    top_p: Probability | None = None
    min_p: Probability | None = None
    typical_p: Probability | None = None
    repetition_penalty: RepetitionPenalty | None = None
    frequency_penalty: Penalty | None = None
    presence_penalty: Penalty | None = None
    length: Length | None = None
    samples: Samples | None = None
    seed: Seed | None = None
    stop: Stops | None = None

    def over(self, base: SamplingOptions) -> SamplingOptions:
        """`base` with everything that is set here."""
        return base.model_copy(update=self.given())

    def given(self) -> dict[str, OptionValue]:
        """Only what is set, by option name."""
        return self.model_dump(exclude_none=True)


@dataclass(frozen=True, slots=True)
class OptionSpec:
    """One option as a form, a flag or a table row needs it."""

    name: str
    kind: OptionKind
    minimum: float | None
    maximum: float | None
    default: OptionValue
    help: str

    @property
    def aliases(self) -> tuple[str, ...]:
        return tuple(alias for alias, name in ALIASES.items() if name == self.name)

    @property
    def range(self) -> str:
        """The bounds in words, for tables and help texts."""
        return self.range_up_to(self.maximum)

    def range_up_to(self, maximum: float | None) -> str:
        """The bounds where no more than this is given."""
        if self.kind == "strings":
            return f"up to {MAX_STOPS} strings"
        return f"{self.minimum:,g} – {_plain(maximum)}"


def _plain(number: float | None) -> str:
    return "" if number is None else f"{int(number):,}" if number == int(number) else f"{number:g}"


def _spec(name: str, field: FieldInfo) -> OptionSpec:
    kind: OptionKind = "strings" if name == "stop" else "number" if field.annotation is float else "integer"
    ge, le = _bounds(name)
    return OptionSpec(name, kind, ge, le, field.default, field.description or "")


def _bounds(name: str) -> tuple[float | None, float | None]:
    schema = SamplingOptions.model_json_schema()["properties"][name]
    for part in (schema, *schema.get("anyOf", ())):
        if "minimum" in part:
            return part["minimum"], part["maximum"]
    return None, None


OPTIONS: tuple[OptionSpec, ...] = tuple(_spec(name, field) for name, field in SamplingOptions.model_fields.items())
OPTION_BY_NAME: Mapping[str, OptionSpec] = {spec.name: spec for spec in OPTIONS}


def canonical_name(name: str) -> str:
    """The option that `name` means, through aliases, `-` for `_` and case; InvalidOptions with a suggestion."""
    wanted = name.strip().lower().replace("-", "_")
    wanted = ALIASES.get(wanted, wanted)
    if wanted in OPTION_BY_NAME:
        return wanted
    close = closest(wanted, [*OPTION_BY_NAME, *ALIASES])
    hint = f"Did you mean {close}?" if close else f"The options are {', '.join(OPTION_BY_NAME)}."
    raise InvalidOptions(f'I don\'t know "{shorten(name)}". {hint}', name)


def parse_overrides(raw: Mapping[str, Any]) -> SamplingOverrides:
    """Read options as people and programs write them: aliases, numbers as strings. Raises InvalidOptions."""
    values: dict[str, Any] = {}
    for name, value in raw.items():
        canonical = canonical_name(name)
        if canonical in values:
            raise InvalidOptions(f"{canonical} is given twice.", canonical)
        values[canonical] = value
    try:
        return SamplingOverrides.model_validate(values)
    except ValidationError as error:
        raise option_error(error.errors()[0]) from error


def option_error(detail: ErrorDetails) -> InvalidOptions:
    """pydantic's first complaint about an option as one sentence in our voice."""
    name = str(detail["loc"][0]) if detail["loc"] else "options"
    given = detail["input"]
    if detail["type"] == "extra_forbidden":
        try:
            canonical_name(name)
        except InvalidOptions as unknown:
            return unknown
    return InvalidOptions(_sentence(name, detail["type"], given), name)


def _sentence(name: str, problem: str, given: object) -> str:
    spec = OPTION_BY_NAME.get(name)
    if spec is None:
        return f"{name} can't be used here."
    if spec.kind == "strings":
        return _stop_sentence(problem)
    bounds = f"between {_plain(spec.minimum)} and {_plain(spec.maximum)}"
    shown = _shown(given)
    if problem in ("greater_than_equal", "less_than_equal"):
        return f"{name} must be {bounds}; you gave {shown}."
    if problem in ("int_from_float", "int_parsing"):
        return f"{name} must be a whole number {bounds}; you gave {shown}."
    if problem == "not_finite":
        return f"{name} must be a number {bounds}; {shown} is not one."
    if isinstance(given, str) and re.fullmatch(r"\s*[-+]?\d+,\d+\s*", given):
        return f'{name}: "{shown}" is not a number here; write {shown.replace(",", ".")}.'
    return f'{name} must be a number {bounds}; "{shown}" is not one.'


def _stop_sentence(problem: str) -> str:
    if problem == "too_long":
        return f"stop takes up to {MAX_STOPS} strings; you gave more."
    if problem == "empty_stop":
        return "stop can't be an empty string."
    if problem == "long_stop":
        return f"A stop string can be up to {MAX_STOP_CHARACTERS} characters long."
    if problem == "unusable_stop":
        return "A stop string holds a character that can't be used (NUL or half of a surrogate pair)."
    return "stop must be one string or a list of strings."


def _shown(given: object) -> str:
    if isinstance(given, int) and given.bit_length() > 200:
        return "a number with very many digits"
    return shorten(f"{given:g}" if isinstance(given, float) and math.isfinite(given) else str(given))
