"""The one interface over every source of completions, and what travels through it.

Contract, held by one test suite for all backends: the deltas of a sample join to its finished text; each sample
ends exactly once;
closing the stream cancels the work; errors come from `config.errors`; same model, options and seed give the same text.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Literal, Protocol

from config.sampling import SamplingOptions

FinishReason = Literal["stop", "length"]
Stage = Literal["queued", "waking", "starting", "running"]
"""`waking`: a machine is called; `starting`: a model is loaded."""
BackendState = Literal["ready", "starting", "asleep", "unavailable"]


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """What to finish and how. `options.seed` is resolved; `model` None means the backend's own."""

    request_id: str
    prompt: str
    options: SamplingOptions
    model: str | None = None
    keep_last_tokens: int | None = None
    """Use only the prompt's last tokens; None refuses a prompt that does not fit with `PromptTooLong`."""
    deadline_s: float = 120.0
    """Seconds the stream may take, first byte to last; then `DeadlineExceeded`."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Why there is no text yet. `position` counts those ahead; `eta_s` is an estimate in seconds."""

    stage: Stage
    position: int | None = None
    eta_s: float | None = None


@dataclass(frozen=True, slots=True)
class TextDelta:
    sample: int
    text: str


@dataclass(frozen=True, slots=True)
class SampleFinished:
    sample: int
    finish_reason: FinishReason
    stop_reason: str | None
    """The stop string that ended it; None for end of text and for length."""
    completion_tokens: int | None = None
    """None when the backend does not count."""


CompletionEvent = Progress | TextDelta | SampleFinished


@dataclass(frozen=True, slots=True)
class BackendHealth:
    """For /status and /healthz. `detail` is one sentence for people."""

    state: BackendState
    detail: str
    model: str | None = None
    running: int = 0
    waiting: int = 0


class Backend(Protocol):
    @property
    def name(self) -> str: ...

    def stream(self, request: CompletionRequest) -> AsyncGenerator[CompletionEvent, None]:
        """Stream one request's events. Raises errors of `config.errors`; `aclose()` cancels the work."""
        ...

    async def models(self) -> tuple[str, ...]:
        """Names a request's `model` may take, the default first."""
        ...

    async def health(self) -> BackendHealth: ...

    async def start(self) -> None:
        """Begin getting ready (an engine to load, a machine to wake); returns at once. Calling it twice is harmless."""
        ...

    async def aclose(self) -> None:
        """Release everything; open streams end with `BackendUnavailable`."""
        ...


class BackendRegistry(Protocol):
    """The configured backends by name."""

    @property
    def names(self) -> tuple[str, ...]:
        """The default first."""
        ...

    def get(self, name: str | None) -> Backend:
        """The named backend, or the default for None; NotFound names those there are."""
        ...
