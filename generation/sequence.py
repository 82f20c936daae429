"""A request inside the engine, and the sequences it asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from config.sampling import SamplingOptions
from generation.detokenizer import CompletionText, Detokenizer
from generation.request_stream import RequestStream
from generation.runner import PromptPass
from generation.types import (
    FinishReason,
    GenerationEvent,
    GenerationRequest,
    SampleEnded,
    TextGenerated,
    TokenLogprob,
)


class SampleSequence:
    """One sample as it grows. `row` is its place in the batch while it runs."""

    def __init__(self, group: PromptGroup, sample: int, text: CompletionText) -> None:
        self.group = group
        self.sample = sample
        self.options: SamplingOptions = group.request.options
        self.seed = self.options.seed_of(sample)
        self.row: int | None = None
        self.finished = False
        self.newest_token = group.token_ids[-1]
        self.newest_position = len(group.token_ids) - 1
        """Where the newest token stands, counted from the prompt's first."""
        self._text = text
        self._tokens = np.zeros(self.options.length, dtype=np.int64)
        self._count = 0

    @property
    def prompt_ids(self) -> NDArray[np.int64]:
        return self.group.prompt_ids

    @property
    def completion_ids(self) -> NDArray[np.int64]:
        return self._tokens[: self._count]

    @property
    def remaining(self) -> int:
        """How many more tokens may come."""
        return 0 if self.finished else self.options.length - self._count

    def accept(
        self, token: int, end_of_text: frozenset[int], logprob: TokenLogprob | None
    ) -> Sequence[GenerationEvent]:
        """Take the next token; end-of-text tokens are not part of the text and are not counted."""
        if token in end_of_text:
            return self._end("stop", self._text.finish(), ())
        self._append(token)
        scored = () if logprob is None else (logprob,)
        delta = self._text.feed(token)
        if self._text.stopped_by is not None:
            return self._end("stop", delta, scored)
        if self._count == self.options.length:
            return self._end("length", delta + self._text.finish(), scored)
        return self._show(delta, scored)

    def _append(self, token: int) -> None:
        self._tokens[self._count] = token
        self._count += 1
        self.newest_token = token
        self.newest_position += 1

    def _show(self, delta: str, scored: tuple[TokenLogprob, ...]) -> Sequence[GenerationEvent]:
        return (TextGenerated(self.sample, delta, scored),) if delta or scored else ()

    def _end(self, reason: FinishReason, delta: str, scored: tuple[TokenLogprob, ...]) -> Sequence[GenerationEvent]:
        self.finished = True
        stop = self._text.stopped_by
        ended = SampleEnded(self.sample, reason if stop is None else "stop", stop, self._count)
        return (*self._show(delta, scored), ended)


class PromptGroup:
    """A request and its sequences, which share one pass of the prompt through the model."""

    def __init__(
        self, request: GenerationRequest, prompt_ids: Sequence[int], stream: RequestStream, detokenizer: Detokenizer
    ) -> None:
        self.request = request
        self.stream = stream
        self.token_ids = tuple(prompt_ids)
        self.prompt_ids = np.array(prompt_ids, dtype=np.int64)
        self.begun = False
        """Whether a runner has seen it: that one has to write all of it."""
        self.prompt: PromptPass | None = None
        """While it is open in the runner."""
        self.scoring = PromptScoring() if request.prompt_logprobs else None
        self.first_logits: torch.Tensor | None = None
        self.sequences = [
            SampleSequence(self, sample, detokenizer.start(prompt_ids, request.options.stop))
            for sample in range(request.options.samples)
        ]
        self.waiting = deque(self.sequences)

    @property
    def positions(self) -> int:
        """How many one of its sequences may take, prompt included."""
        return len(self.token_ids) + self.request.options.length

    @property
    def waiting_tokens(self) -> int:
        return len(self.waiting) * self.request.options.length

    @property
    def finished(self) -> bool:
        return all(sequence.finished for sequence in self.sequences)

    def forget_prompt(self) -> None:
        """The runner has forgotten it: what was read has to be read again."""
        self.prompt = self.first_logits = None
        if self.scoring is not None:
            self.scoring.prompt = None


@dataclass(slots=True)
class PromptScoring:
    """A pass of a prompt for its own log-probabilities.

    Where scoring a prompt is not reading it, there is a second pass, so that asking for them changes no bit of what is
    generated.
    """

    prompt: PromptPass | None = None
    """While it is open in the runner."""
    told: int = 0
    """How many tokens' log-probabilities are on their way to whoever asked."""

    def take(self, place: int, tokens: Sequence[TokenLogprob]) -> Sequence[TokenLogprob]:
        """Those that were not told before the runner lost the prompt and read it anew; the first stands at `place`."""
        fresh = tokens[max(0, self.told - place) :]
        self.told = max(self.told, place + len(tokens))
        return fresh
