"""What crosses the engine's boundary. No torch here: any process may import these."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from config.sampling import SamplingOptions

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedTokenizerBase

FinishReason = Literal["stop", "length"]


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """What the engine knows of a model: all but its weights, which belong to a `Runner`."""

    name: str
    config: PretrainedConfig
    tokenizer: PreTrainedTokenizerBase
    max_model_len: int
    """Prompt and completion together, in tokens, within the reach of the model's attention."""
    eos_token_ids: frozenset[int]


@dataclass(frozen=True, slots=True)
class EngineLimits:
    max_running: int = 16
    """Sequences (rows) decoded together."""
    max_waiting: int = 64
    """Sequences that may wait; beyond, `Overloaded`."""
    cache_bytes: int = 256 * 2**20
    """Memory for keys and values. One sequence alone may take more, when it has to."""


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """One prompt and `options.samples` sequences of it; the seed is resolved, sample i uses `options.seed_of(i)`."""

    request_id: str
    prompt_token_ids: tuple[int, ...]
    options: SamplingOptions
    logprobs: int | None = None
    """How many alternatives to report for each token (0: only the chosen one's); None reports nothing."""
    prompt_logprobs: bool = False
    """Also report the prompt's own tokens (OpenAI's `echo` with `logprobs`)."""
    next_tokens: int | None = None
    """How many candidates for the first new token to report, with what the options make of them."""


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """One token as chosen, with the natural log of its probability before penalties, temperature and filters."""

    token_id: int
    logprob: float | None
    """None for the first token of a prompt, which nothing predicts."""
    top: tuple[tuple[int, float], ...] = ()
    """The likeliest (token id, logprob), best first."""


@dataclass(frozen=True, slots=True)
class PromptScored:
    """A part of the prompt's own log-probabilities, in order; they come first, when they were asked for."""

    tokens: tuple[TokenLogprob, ...]
    last: bool = True
    """Whether the prompt ends here."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One token that could come next, with the natural logs of its probability at three points on the way."""

    token_id: int
    logprob: float
    """As the model gave it."""
    tempered_logprob: float | None
    """After penalties and temperature; None for what a temperature near 0 leaves no chance."""
    kept_logprob: float | None
    """As it is drawn, after the filters; None when they cut it off."""


@dataclass(frozen=True, slots=True)
class NextTokens:
    """What the first new token is drawn from; comes once, before any text, when it was asked for."""

    candidates: tuple[Candidate, ...]
    """The model's likeliest, best first."""
    kept_count: int
    """Tokens of the whole vocabulary that the filters keep."""
    kept_mass: float
    """The share of the probability, after temperature, that those hold together."""


@dataclass(frozen=True, slots=True)
class TextGenerated:
    """More text of one sample. Deltas join to the sample's text; a stop string or half a character is never in one."""

    sample: int
    text: str
    tokens: tuple[TokenLogprob, ...] = ()


@dataclass(frozen=True, slots=True)
class SampleEnded:
    """Exactly one per sample, last."""

    sample: int
    finish_reason: FinishReason
    stop_reason: str | None
    """The stop string that ended it; None for end of text and for length."""
    completion_tokens: int


GenerationEvent = PromptScored | NextTokens | TextGenerated | SampleEnded


@dataclass(frozen=True, slots=True)
class EngineStats:
    """A snapshot for /health and /metrics."""

    running: int
    waiting: int
    prompt_tokens_total: int
    completion_tokens_total: int
    steps_total: int
    path: str = ""
    """Which code runs the model at which precision; see `Runner.path`."""


class Engine(Protocol):
    """Sequences in, text out. One event loop calls it; the forward passes run on a thread of its own."""

    @property
    def model(self) -> LoadedModel: ...

    def generate(self, request: GenerationRequest) -> AsyncGenerator[GenerationEvent, None]:
        """Stream a request's events.

        Checked when first iterated: raises `PromptTooLong`, `InvalidOptions` or `Overloaded` before the first event,
        `EngineFailed` if the loop breaks. Closing the iterator aborts the request and frees its rows within one step.
        """
        ...

    def check_tokens(self, token_ids: Sequence[int]) -> None:
        """Raises InvalidOptions when the model does not know one of them. `generate` checks its prompt, too."""
        ...

    def stats(self) -> EngineStats: ...

    @property
    def alive(self) -> bool:
        """Whether its thread runs: False once it was closed, or broke in a way that nothing here can mend."""
        ...

    async def aclose(self) -> None:
        """Stop the loop; every open request ends with `EngineFailed`."""
        ...
