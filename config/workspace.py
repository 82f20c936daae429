"""The rules of one server or workspace: what its admins set, and how they combine into one request's options.

Resolution is pure: built-in < operator < workspace < channel < preset < command, then the ceilings; every clamp is
reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from config.errors import NotFound
from config.sampling import MAX_LENGTH, MAX_SAMPLES, OptionSpec, SamplingOptions, SamplingOverrides
from config.settings import LimitSettings
from config.text import shorten

Front = Literal["web", "cli", "discord", "slack"]
RegenerateRule = Literal["requester", "anyone", "admins"]
PlatformId = Annotated[str, StringConstraints(min_length=1, max_length=64)]
PresetName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True)
class WorkspaceRef:
    """One Discord server, Slack workspace, or this machine's page or terminal. The unit of settings and isolation."""

    front: Front
    id: str

    def __str__(self) -> str:
        return f"{self.front}:{self.id}"


class AccessRules(Section):
    """Who may use Inkling where. Denials win; an empty allow list allows everybody. Ids are the platform's own."""

    allowed_channels: tuple[PlatformId, ...] = ()
    denied_channels: tuple[PlatformId, ...] = ()
    allowed_roles: tuple[PlatformId, ...] = ()
    denied_roles: tuple[PlatformId, ...] = ()
    allowed_users: tuple[PlatformId, ...] = ()
    denied_users: tuple[PlatformId, ...] = ()


class Ceilings(Section):
    """The most a member may ask for here; more is clamped and said. None: the operator's own limit."""

    length: Annotated[int, Field(ge=1, le=MAX_LENGTH)] | None = None
    samples: Annotated[int, Field(ge=1, le=MAX_SAMPLES)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None


class ChannelSettings(Section):
    """What differs in one channel."""

    defaults: SamplingOverrides = SamplingOverrides()
    backend: str | None = None
    model: str | None = None


class WorkspaceSettings(Section):
    """Everything admins can set in chat."""

    defaults: SamplingOverrides = Field(SamplingOverrides(), description="Sampling defaults of this server.")
    ceilings: Ceilings = Field(Ceilings(), description="The most members may ask for.")
    access: AccessRules = Field(AccessRules(), description="Who may use Inkling, and where.")
    presets: dict[PresetName, SamplingOverrides] = Field({}, description="Named option sets.", max_length=100)
    channels: dict[PlatformId, ChannelSettings] = Field({}, description="What differs in a channel.", max_length=500)
    backend: str | None = Field(None, description="Where completions come from; the operator's default when unset.")
    model: str | None = Field(None, description="The model; the backend's default when unset.")
    regenerate_emoji: str = Field(
        "🔁", min_length=1, max_length=64, description="The reaction that makes it try again."
    )
    regenerate_by: RegenerateRule = Field("anyone", description="Who may regenerate a result.")
    cooldown_s: float = Field(0, ge=0, le=86_400, description="Seconds between two requests of one person.")
    max_in_flight: int | None = Field(None, ge=1, le=1000, description="Open requests per person.")
    retention_days: int | None = Field(
        None, ge=1, le=3650, description="Days until results are erased; kept when unset."
    )
    word_filter: tuple[Annotated[str, StringConstraints(min_length=1, max_length=200)], ...] = Field(
        (), max_length=500, description="Words that may not appear in prompts or results; * matches any letters."
    )

    def channel(self, channel: str) -> ChannelSettings:
        return self.channels.get(channel, ChannelSettings())


@dataclass(frozen=True, slots=True)
class Clamp:
    """An option that was asked for and lowered."""

    name: str
    asked: float
    given: float
    whose: str

    @property
    def sentence(self) -> str:
        return f"{self.name} {self.asked:g} → {self.given:g} ({self.whose})"


@dataclass(frozen=True, slots=True)
class Resolution:
    """Options with everything applied, the values they would have had without the command, and what was lowered."""

    options: SamplingOptions
    baseline: SamplingOptions
    clamps: tuple[Clamp, ...] = ()


def find_preset(name: str, *collections: dict[str, SamplingOverrides]) -> SamplingOverrides:
    """The first collection's preset of that name (personal before the server's); NotFound names those there are."""
    for presets in collections:
        if name in presets:
            return presets[name]
    known = sorted({known for presets in collections for known in presets})
    there = f"There are {', '.join(known)}." if known else "There are none yet; an admin can add one."
    raise NotFound(f'There is no preset "{shorten(name)}" here. {there}')


def resolve(
    operator: SamplingOverrides,
    workspace: WorkspaceSettings,
    channel: str,
    preset: SamplingOverrides | None,
    command: SamplingOverrides,
    limits: LimitSettings,
) -> Resolution:
    """Combine the layers and apply the ceilings. Defaults over a ceiling are lowered silently, requests audibly."""
    baseline = SamplingOptions()
    for layer in (operator, workspace.defaults, workspace.channel(channel).defaults):
        baseline = layer.over(baseline)
    baseline, _ = clamp(baseline, workspace.ceilings, limits)
    asked = command.over((preset or SamplingOverrides()).over(baseline))
    options, clamps = clamp(asked, workspace.ceilings, limits)
    return Resolution(options, baseline, clamps)


def most_of(spec: OptionSpec, ceilings: Ceilings, limits: LimitSettings) -> float | None:
    """The most of an option that is given here."""
    bounds: dict[str, tuple[float | None, ...]] = {
        "length": (ceilings.length, limits.max_length),
        "samples": (ceilings.samples, limits.max_samples),
        "temperature": (ceilings.temperature,),
    }
    return min((each for each in (spec.maximum, *bounds.get(spec.name, ())) if each is not None), default=None)


def clamp(
    options: SamplingOptions, ceilings: Ceilings, limits: LimitSettings
) -> tuple[SamplingOptions, tuple[Clamp, ...]]:
    """Lower what exceeds the server's ceilings, the operator's limits or, without chance, good sense; and say so."""
    candidates: Sequence[tuple[str, float | None, str]] = (
        ("length", ceilings.length, "this server's ceiling"),
        ("samples", ceilings.samples, "this server's ceiling"),
        ("temperature", ceilings.temperature, "this server's ceiling"),
        ("length", limits.max_length, "the operator's limit, limits.max_length"),
        ("samples", limits.max_samples, "the operator's limit, limits.max_samples"),
    )
    asked = options
    clamps: dict[str, Clamp] = {}
    for name, ceiling, whose in candidates:
        if ceiling is not None and getattr(options, name) > ceiling:
            options = options.model_copy(update={name: ceiling})
            clamps[name] = Clamp(name, getattr(asked, name), ceiling, whose)
    if options.greedy and options.samples > 1:
        options = options.model_copy(update={"samples": 1})
        clamps["samples"] = Clamp("samples", asked.samples, 1, "temperature 0 gives the same text every time")
    return options, tuple(clamps.values())
