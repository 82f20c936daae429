"""A request inside the engine, and the sequences it asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from config.sampling import SamplingOptions
from generation.detokenizer import CompletionText, Detokenizer
from generation.model_runner import PromptPass
from generation.request_stream import RequestStream
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
    def newest_token(self) -> int:
        return int(self._tokens[self._count - 1])

    @property
    def newest_position(self) -> int:
        """Where the newest token stands, counted from the prompt's first."""
        return len(self.prompt_ids) + self._count - 1

    @property
    def remaining(self) -> int:
        """How many more tokens may come."""
        return 0 if self.finished else self.options.length - self._count

    def accept(self, token: int, end_of_text: frozenset[int], logprob: TokenLogprob | None) -> list[GenerationEvent]:
        """Take the next token; end-of-text tokens are not part of the text and are not counted."""
        if token in end_of_text:
            return self._end("stop", self._text.finish(), ())
        self._tokens[self._count] = token
        self._count += 1
        scored = () if logprob is None else (logprob,)
        delta = self._text.feed(token)
        if self._text.stopped_by is not None:
            return self._end("stop", delta, scored)
        if self._count == self.options.length:
            return self._end("length", delta + self._text.finish(), scored)
        return self._show(delta, scored)

    def _show(self, delta: str, scored: tuple[TokenLogprob, ...]) -> list[GenerationEvent]:
        return [TextGenerated(self.sample, delta, scored)] if delta or scored else []

    def _end(self, reason: FinishReason, delta: str, scored: tuple[TokenLogprob, ...]) -> list[GenerationEvent]:
        self.finished = True
        stop = self._text.stopped_by
        ended = SampleEnded(self.sample, reason if stop is None else "stop", stop, self._count)
        return [*self._show(delta, scored), ended]


class PromptGroup:
    """A request and its sequences, which share one pass of the prompt through the model."""

    def __init__(
        self, request: GenerationRequest, prompt_ids: Sequence[int], stream: RequestStream, detokenizer: Detokenizer
    ) -> None:
        self.request = request
        self.stream = stream
        self.prompt_ids = np.array(prompt_ids, dtype=np.int64)
        self.prompt = PromptPass(tuple(prompt_ids))
        self.scoring = PromptScoring(tuple(prompt_ids)) if request.prompt_logprobs else None
        self.first_logits: torch.Tensor | None = None
        self.sequences = [
            SampleSequence(self, sample, detokenizer.start(prompt_ids, request.options.stop))
            for sample in range(request.options.samples)
        ]
        self.waiting = deque(self.sequences)

    @property
    def finished(self) -> bool:
        return all(sequence.finished for sequence in self.sequences)


class PromptScoring:
    """A second pass of a prompt, for its own log-probabilities.

    Apart from the first pass so that asking for them changes no bit of what is generated.
    """

    def __init__(self, token_ids: tuple[int, ...]) -> None:
        self.prompt = PromptPass(token_ids)
        self.tokens: list[TokenLogprob] = [TokenLogprob(token_ids[0], None)]
