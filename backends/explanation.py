"""Why a model wrote what it wrote: what the next token was drawn from, and how likely each token of a text was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from backends.protocol import Backend, BackendRegistry, CompletionRequest


@dataclass(frozen=True, slots=True)
class Candidate:
    """A token that could come next, as the bytes it adds, with its probability at three points on the way."""

    token: bytes
    given: float
    """As the model gave it."""
    tempered: float | None = None
    """After penalties and temperature; None where the server doesn't tell."""
    kept: float | None = None
    """As it is drawn, after the filters; 0 when they cut it off, None where the server doesn't tell."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What the filters leave of the whole vocabulary."""

    count: int
    mass: float
    """The share of the probability, after temperature, that the kept tokens hold together."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """What could have stood in a token's place, with its probability as the model gave it."""

    token: bytes
    probability: float


@dataclass(frozen=True, slots=True)
class TokenChance:
    """One token of a text; None for a probability that nobody can tell, such as that of the very first."""

    token: bytes
    probability: float | None
    written: bool
    """By the model; else it is the prompt's."""
    alternatives: tuple[Alternative, ...] = ()
    """The likeliest first, the token itself not among them; only for what the model wrote."""


@dataclass(frozen=True, slots=True)
class Explanation:
    candidates: tuple[Candidate, ...]
    """For the first token after the prompt, the model's likeliest first."""
    kept: Kept | None
    """None where the server tells only what the model gave."""
    tokens: tuple[TokenChance, ...]
    """Prompt and completion, before temperature and filters."""


@runtime_checkable
class Explainer(Protocol):
    """A backend that can tell probabilities, once `explains` says so."""

    @property
    def explains(self) -> bool:
        """Whether it can, as far as is known: what serves may not have said yet what it is."""
        ...

    async def explain(self, request: CompletionRequest, text: str | None) -> Explanation:
        """Of `text` as the prompt's completion; None: write one first, as the options say.

        Raises errors of `config.errors`, among them `PromptTooLong` as `stream` does.
        """
        ...


def explainer_of(backend: Backend) -> Explainer | None:
    return backend if isinstance(backend, Explainer) and backend.explains else None


def can_explain(backends: BackendRegistry, name: str) -> bool:
    """Whether that backend is there and can."""
    return name in backends.names and explainer_of(backends.get(name)) is not None
