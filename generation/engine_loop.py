"""One step of the engine: every running row one token further, and at most a chunk's worth of new prompts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import structlog
import torch

from config.errors import EngineFailed
from generation.next_tokens import describe_next_tokens
from generation.prefill import Prefill
from generation.request_stream import Outbox, RequestStream
from generation.runner import PromptPass, Runner
from generation.sampler import BROKEN, Sampler
from generation.scheduler import Scheduler
from generation.sequence import PromptGroup, SampleSequence
from generation.types import TokenLogprob

log = structlog.get_logger()


@dataclass(slots=True)
class Totals:
    prompt_tokens: int = 0
    completion_tokens: int = 0
    steps: int = 0


class EngineLoop:
    """Owns the runner and the scheduler. Belongs to the engine's thread."""

    def __init__(
        self,
        runner: Runner,
        scheduler: Scheduler,
        end_of_text: frozenset[int],
    ) -> None:
        self._scheduler = scheduler
        self._end_of_text = end_of_text
        self._outbox = Outbox()
        self._runner = runner
        self._prefill = Prefill(runner, scheduler, self._outbox)
        self.totals = Totals()

    @property
    def scheduler(self) -> Scheduler:
        return self._scheduler

    @property
    def path(self) -> str:
        """The runner's."""
        return self._runner.path

    def change_runner(self, runner: Runner) -> None:
        """Go on with another one; nothing may have begun in the present one, whose memory is given back."""
        if not self._scheduler.drained:
            raise AssertionError("a request is wholly written by one runner")
        self._runner.wipe()
        self._runner = runner
        self._prefill = Prefill(runner, self._scheduler, self._outbox)

    def step(self) -> None:
        """Advance everything once. A failure ends the requests it touches; the loop itself goes on.

        What it has to say leaves with `hand_over`.
        """
        self.totals.steps += 1
        try:
            self._decode_running()
            self._advance_prompts()
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
        self._outbox.forget(stream)

    def fail_all(self, error: Exception) -> None:
        """End every open request, also when the runner can't be mended."""
        groups = self._scheduler.groups
        try:
            self._wipe()
        finally:
            self._fail(groups, error)

    def _decode_running(self) -> None:
        running = self._scheduler.running
        if not running:
            return
        tokens = [sequence.newest_token for sequence in running]
        positions = [sequence.newest_position for sequence in running]
        try:
            logits = self._runner.decode(tokens, positions)
        except Exception as error:
            self._fail(self._wipe(), error)
            return
        self._extend(running, logits)

    def _advance_prompts(self) -> None:
        """Run at most a chunk's tokens of prompts, in the order in which they came; begin the sequences that can."""
        due = self._due_prompts()
        unscored = {group: prompt for group, prompt in due.items() if group.scoring is not None}
        for prompts in self._prefill.scored_together(unscored):
            self._score_prompts(prompts)
        unread = [
            (group, prompt)
            for group, prompt in due.items()
            if group.scoring is None and prompt is group.prompt and not prompt.finished
        ]
        for first in range(0, len(unread), self._runner.prompts_at_once):
            self._read_prompts(dict(unread[first : first + self._runner.prompts_at_once]))
        self._begin(due)

    def _due_prompts(self) -> dict[PromptGroup, PromptPass]:
        """Those that a step has time for. They are not cut to fit: for some runners the cuts decide the bits."""
        due: dict[PromptGroup, PromptPass] = {}
        most = budget = self._runner.chunk
        for group in self._scheduler.ready():
            try:
                prompt = self._prefill.open(group)
            except Exception as error:
                self._fail([group], error)
                continue
            if prompt is None or min(most, prompt.left) > budget:
                break
            due[group] = prompt
            budget -= min(most, prompt.left)
            if len(group.waiting) > (1 if prompt.promised else 0):
                # There are samples that no room is promised to: others may not take what they wait for.
                break
        return due

    def _score_prompts(self, prompts: Mapping[PromptGroup, PromptPass]) -> None:
        try:
            self.totals.prompt_tokens += self._prefill.score(prompts)
        except Exception as error:
            self._fail(prompts, error)

    def _read_prompts(self, prompts: Mapping[PromptGroup, PromptPass]) -> None:
        try:
            self.totals.prompt_tokens += self._prefill.read(prompts)
        except Exception as error:
            self._fail(prompts, error)

    def _begin(self, groups: Iterable[PromptGroup]) -> None:
        """The sequences of those that were read, as far as there are rows and memory."""
        started: list[SampleSequence] = []
        logits: list[torch.Tensor] = []
        for group in groups:
            try:
                begun = self._prefill.start(group)
            except Exception as error:
                self._fail([group], error)
                continue
            if begun and group.first_logits is not None:
                self._tell_next_tokens(group, begun, group.first_logits)
                started += begun
                logits.append(group.first_logits.expand(len(begun), -1))
            if not group.waiting:
                group.first_logits = None
        if started:
            self._extend(started, torch.cat(logits))

    def _tell_next_tokens(self, group: PromptGroup, begun: Sequence[SampleSequence], logits: torch.Tensor) -> None:
        """What the first token is drawn from, if that was asked for, when the first sample begins."""
        count = group.request.next_tokens
        if count is not None and begun[0].sample == 0:
            described = describe_next_tokens(logits, begun[0], count)
            if described is not None:
                self._outbox.put(group.stream, [described])

    def _extend(self, sequences: Sequence[SampleSequence], logits: torch.Tensor) -> None:
        """Sample the next token of each sequence and let those that end leave."""
        tokens = self._runner.sampler.sample_tokens(logits, sequences)
        if BROKEN in tokens:
            kept = self._drop_broken(sequences, tokens)
            sequences, logits, tokens = [sequences[index] for index in kept], logits[kept], [tokens[i] for i in kept]
        logprobs = _score(self._runner.sampler, sequences, logits, tokens)
        for sequence, token in zip(sequences, tokens, strict=True):
            events = sequence.accept(token, self._end_of_text, logprobs.get(sequence))
            self.totals.completion_tokens += token not in self._end_of_text
            if events:
                self._outbox.put(sequence.group.stream, events)
            if sequence.finished:
                self._release(sequence)
                if sequence.group.finished:
                    self._outbox.end(sequence.group.stream)

    def _drop_broken(self, sequences: Sequence[SampleSequence], tokens: Sequence[int]) -> list[int]:
        """End the requests for which the model computed something that is no number; the places of the others."""
        broken = [sequence for sequence, token in zip(sequences, tokens, strict=True) if token == BROKEN]
        for sequence in broken:
            self._release(sequence, broken=True)
        self._fail({sequence.group: None for sequence in broken}, ArithmeticError("logits are not finite"))
        return [index for index, sequence in enumerate(sequences) if sequence.row is not None]

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
        self._prefill.close(group)

    def _release(self, sequence: SampleSequence, *, broken: bool = False) -> None:
        if sequence.row is None:
            return
        self._runner.release(sequence.row, broken=broken)
        move = self._scheduler.release(sequence)
        if move is not None:
            self._runner.move(move.source, move.target, move.length)

    def _wipe(self) -> list[PromptGroup]:
        """Begin anew; returns the requests that can't go on, since they ran. Prompts on their way are read again."""
        for group in self._scheduler.groups:
            group.forget_prompt()
        lost = self._scheduler.vacate()
        self._runner.wipe()
        return lost


def _score(
    sampler: Sampler, sequences: Sequence[SampleSequence], logits: torch.Tensor, tokens: Sequence[int]
) -> dict[SampleSequence, TokenLogprob]:
    """The logprobs of those sequences that asked for them."""
    wanting: dict[int, list[int]] = {}
    for index, sequence in enumerate(sequences):
        alternatives = sequence.group.request.logprobs
        if alternatives is not None:
            wanting.setdefault(alternatives, []).append(index)
    scored: dict[SampleSequence, TokenLogprob] = {}
    for alternatives, indexes in wanting.items():
        # Where all ask, which is usual, their rows need not be copied.
        rows = logits if len(indexes) == len(sequences) else logits[indexes]
        entries = sampler.score_tokens(rows, [tokens[index] for index in indexes], alternatives)
        scored.update(zip((sequences[index] for index in indexes), entries, strict=True))
    return scored


def _as_engine_failed(error: Exception) -> EngineFailed:
    if isinstance(error, EngineFailed):
        return error
    if isinstance(error, MemoryError) or "allocate memory" in str(error):
        return EngineFailed("The model ran out of memory; try again, or ask for less.")
    return EngineFailed("The model broke while writing; try again.")
