"""One step of the engine: every running row one token further, and at most a chunk's worth of new prompts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import structlog
import torch

from config.errors import EngineFailed
from generation.model_runner import CHUNK, ModelRunner
from generation.request_stream import Outbox, RequestStream
from generation.sampler import sample_tokens, score_tokens
from generation.scheduler import Scheduler
from generation.sequence import PromptGroup, PromptScoring, SampleSequence
from generation.types import PromptScored, TokenLogprob

_SCORED_AT_ONCE = 32

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Batch:
    """Sequences and the logits [sequence, vocabulary] of their next tokens."""

    sequences: list[SampleSequence]
    logits: torch.Tensor


@dataclass(slots=True)
class Totals:
    prompt_tokens: int = 0
    completion_tokens: int = 0
    steps: int = 0


class EngineLoop:
    """Owns the runner and the scheduler. Belongs to the engine's thread."""

    def __init__(self, runner: ModelRunner, scheduler: Scheduler, end_of_text: frozenset[int]) -> None:
        self._runner = runner
        self._scheduler = scheduler
        self._end_of_text = end_of_text
        self._outbox = Outbox()
        self.totals = Totals()

    @property
    def scheduler(self) -> Scheduler:
        return self._scheduler

    def step(self) -> None:
        """Advance everything once. A failure ends the requests it touches; the loop itself goes on.

        What it has to say leaves with `hand_over`.
        """
        self.totals.steps += 1
        try:
            for batch in (self._decode_running(), *self._advance_prompts()):
                if batch is not None:
                    self._extend(batch)
        except Exception as error:
            self.fail_all(error)

    def hand_over(self) -> None:
        """Send what has collected to the event loops; forget requests whose event loop is gone."""
        for stream in self._outbox.flush():
            self.abort(stream)

    def abort(self, stream: RequestStream) -> None:
        """Forget a request that nobody waits for any more."""
        for group in self._scheduler.groups:
            if group.stream is stream:
                self._drop(group)

    def fail_all(self, error: Exception) -> None:
        """End every open request."""
        self._runner.wipe()
        self._fail(self._scheduler.groups, error)

    def _decode_running(self) -> _Batch | None:
        running = self._scheduler.running
        if not running:
            return None
        try:
            logits = self._runner.decode(
                [sequence.newest_token for sequence in running], [sequence.newest_position for sequence in running]
            )
        except Exception as error:
            self._runner.wipe()
            self._fail({sequence.group: None for sequence in running}, error)
            return None
        return _Batch(running, logits)

    def _advance_prompts(self) -> Iterable[_Batch]:
        """Run prompts for about a chunk's tokens; the sequences that can start with them."""
        budget = CHUNK
        while budget > 0 and (group := self._scheduler.next_group()) is not None:
            try:
                budget -= self._advance_prompt(group)
                started = self._start(group)
            except Exception as error:
                self._fail([group], error)
                continue
            if started is not None:
                yield started

    def _advance_prompt(self, group: PromptGroup) -> int:
        """One chunk of the prompt; returns the tokens run."""
        if group.scoring is not None:
            return self._score_prompt(group, group.scoring)
        before = group.prompt.position
        if not group.prompt.finished:
            group.first_logits = self._runner.prefill(group.prompt)
            self.totals.prompt_tokens += group.prompt.position - before
        return group.prompt.position - before

    def _score_prompt(self, group: PromptGroup, scoring: PromptScoring) -> int:
        start = scoring.prompt.position
        logits = self._runner.score(scoring.prompt)
        targets = scoring.prompt.token_ids[start + 1 : scoring.prompt.position + 1]
        for first in range(0, len(targets), _SCORED_AT_ONCE):
            part = targets[first : first + _SCORED_AT_ONCE]
            scored = score_tokens(logits[first : first + len(part)], part, group.request.logprobs or 0)
            scoring.tokens.extend(scored)
        if scoring.prompt.finished:
            self._outbox.put(group.stream, [PromptScored(tuple(scoring.tokens))])
            group.scoring = None
        return scoring.prompt.position - start

    def _start(self, group: PromptGroup) -> _Batch | None:
        if not group.prompt.finished or group.first_logits is None:
            return None
        started = self._scheduler.start(group)
        for sequence in started:
            if sequence.row is not None:
                self._runner.adopt(sequence.row, group.prompt)
        return _Batch(started, group.first_logits.expand(len(started), -1))

    def _extend(self, batch: _Batch) -> None:
        """Sample the next token of each sequence and let those that end leave."""
        batch = self._drop_broken(_still_running(batch))
        if not batch.sequences:
            return
        tokens = sample_tokens(batch.logits, batch.sequences)
        logprobs = _score(batch, tokens)
        for sequence, token in zip(batch.sequences, tokens, strict=True):
            counted = len(sequence.completion_ids)
            events = sequence.accept(token, self._end_of_text, logprobs.get(sequence))
            self.totals.completion_tokens += len(sequence.completion_ids) - counted
            self._outbox.put(sequence.group.stream, events)
            if sequence.finished:
                self._release(sequence)
                if sequence.group.finished:
                    self._outbox.end(sequence.group.stream)

    def _drop_broken(self, batch: _Batch) -> _Batch:
        """End the requests for which the model computed something that is no number."""
        sound = torch.isfinite(batch.logits.amax(dim=1)).tolist()
        if all(sound):
            return batch
        broken = [sequence for sequence, good in zip(batch.sequences, sound, strict=True) if not good]
        for sequence in broken:
            if sequence.row is not None:
                self._runner.clear(sequence.row)
        self._fail({sequence.group: None for sequence in broken}, ArithmeticError("logits are not finite"))
        return _still_running(batch)

    def _fail(self, groups: Iterable[PromptGroup], error: Exception) -> None:
        groups = list(groups)
        if groups and not isinstance(error, EngineFailed):
            log.error("engine_step_failed", error=type(error).__name__, requests=len(groups), exc_info=error)
        for group in groups:
            self._drop(group)
            self._outbox.end(group.stream, _as_engine_failed(error))

    def _drop(self, group: PromptGroup) -> None:
        for sequence in self._scheduler.forget(group):
            self._release(sequence)

    def _release(self, sequence: SampleSequence) -> None:
        move = self._scheduler.release(sequence)
        if move is not None:
            self._runner.move(move.source, move.target, move.length)


def _still_running(batch: _Batch) -> _Batch:
    """Without the sequences of requests that failed since: a failed request takes its sound sequences along."""
    kept = [index for index, sequence in enumerate(batch.sequences) if sequence.row is not None]
    if len(kept) == len(batch.sequences):
        return batch
    return _Batch([batch.sequences[index] for index in kept], batch.logits[kept])


def _score(batch: _Batch, tokens: list[int]) -> dict[SampleSequence, TokenLogprob]:
    """The logprobs of those sequences that asked for them."""
    wanting: dict[int, list[int]] = {}
    for index, sequence in enumerate(batch.sequences):
        if sequence.group.request.logprobs is not None:
            wanting.setdefault(sequence.group.request.logprobs, []).append(index)
    scored: dict[SampleSequence, TokenLogprob] = {}
    for alternatives, indexes in wanting.items():
        entries = score_tokens(batch.logits[indexes], [tokens[index] for index in indexes], alternatives)
        scored.update(zip((batch.sequences[index] for index in indexes), entries, strict=True))
    return scored


def _as_engine_failed(error: Exception) -> EngineFailed:
    if isinstance(error, EngineFailed):
        return error
    if isinstance(error, MemoryError) or "allocate memory" in str(error):
        return EngineFailed("The model ran out of memory; try again, or ask for less.")
    return EngineFailed("The model broke while writing; try again.")
