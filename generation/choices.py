"""One choice of an answer: the engine's events of one sample as pieces in OpenAI's shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from generation.logprobs import LogprobsBlock, LogprobsWriter, NextTokensBlock, TokenSpeller, spell_next_tokens
from generation.types import (
    FinishReason,
    GenerationEvent,
    NextTokens,
    PromptScored,
    SampleEnded,
    TextGenerated,
    TokenLogprob,
)


@dataclass(frozen=True, slots=True)
class ChoicePlan:
    """What one choice is to hold."""

    index: int
    seed: int
    opening: str = ""
    """The prompt, when it is echoed."""
    logprobs: bool = False
    score_only: bool = False


@dataclass(frozen=True, slots=True)
class ChoiceEnd:
    finish_reason: FinishReason
    stop_reason: str | None
    completion_tokens: int
    seed: int
    """The one with which this choice alone can be had again."""


@dataclass(frozen=True, slots=True)
class ChoiceDelta:
    """A piece of a choice; `end` comes with the last."""

    index: int
    text: str
    logprobs: LogprobsBlock | None = None
    end: ChoiceEnd | None = None
    next_tokens: NextTokensBlock | None = None
    """Comes once, when it was asked for."""


class ChoiceWriter:
    """Turns one sample's events into deltas; the first brings the echoed prompt along."""

    def __init__(self, plan: ChoicePlan, speller: TokenSpeller) -> None:
        self._plan = plan
        self._speller = speller
        self._opening = plan.opening
        self._logprobs = LogprobsWriter(speller, len(plan.opening)) if plan.logprobs else None
        self._prompt_logprobs = LogprobsWriter(speller) if plan.logprobs else None

    def write(self, event: GenerationEvent) -> ChoiceDelta:
        text, self._opening = self._opening, ""
        match event:
            case PromptScored(tokens, last):
                end = ChoiceEnd("length", None, 0, self._plan.seed) if self._plan.score_only and last else None
                return ChoiceDelta(self._plan.index, text, _block(self._prompt_logprobs, tokens), end)
            case NextTokens():
                return ChoiceDelta(self._plan.index, text, next_tokens=spell_next_tokens(self._speller, event))
            case TextGenerated(_, more, tokens):
                return ChoiceDelta(self._plan.index, text + more, _block(self._logprobs, tokens))
            case SampleEnded(_, reason, stop, count):
                end = ChoiceEnd(reason, stop, count, self._plan.seed)
                return ChoiceDelta(self._plan.index, text, end=end)


def _block(writer: LogprobsWriter | None, tokens: Sequence[TokenLogprob]) -> LogprobsBlock | None:
    return None if writer is None else writer.write(tokens)
