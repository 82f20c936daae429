"""Takes prompts through the model, a chunk at a time, and starts their sequences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch

from generation.request_stream import Outbox
from generation.runner import PromptPass, Runner
from generation.scheduler import Scheduler
from generation.sequence import PromptGroup, SampleSequence
from generation.types import PromptScored, TokenLogprob

_SCORED_AT_ONCE = 32


class Prefill:
    """Opens requests' prompts when their turn has come, and closes them when all their sequences have started."""

    def __init__(self, runner: Runner, scheduler: Scheduler, outbox: Outbox) -> None:
        self._runner = runner
        self._scheduler = scheduler
        self._outbox = outbox

    def open(self, group: PromptGroup) -> PromptPass | None:
        """The pass that the request is in now, or begins; None while memory lacks."""
        prompt = group.prompt if group.scoring is None else group.scoring.prompt
        if prompt is not None:
            return prompt
        if not self._runner.room_for(group.positions):
            return None
        group.begun = True
        if group.scoring is not None:
            group.scoring.prompt = self._runner.open(group.token_ids, group.positions, remembered=False)
            if self._runner.scoring_reads:
                group.prompt = group.scoring.prompt
            return group.scoring.prompt
        group.prompt = self._runner.open(group.token_ids, group.positions)
        return group.prompt

    def read(self, prompts: Mapping[PromptGroup, PromptPass]) -> int:
        """Run the next chunk of each in one pass; returns the tokens run."""
        left = sum(prompt.left for prompt in prompts.values())
        logits = self._runner.prefill(list(prompts.values()))
        for group, row in zip(prompts, logits, strict=True):
            # Those that wait for rows keep theirs, and not the whole pass's.
            group.first_logits = row.clone() if len(group.waiting) > 1 else row
        return left - sum(prompt.left for prompt in prompts.values())

    def start(self, group: PromptGroup) -> list[SampleSequence]:
        """Give rows to the sequences of a prompt that was read, as far as rows and memory go."""
        started: list[SampleSequence] = []
        prompt = group.prompt
        if prompt is None or not prompt.finished:
            return started
        while (
            group.waiting
            and (row := self._scheduler.free_row) is not None
            and self._runner.room_for(group.positions, prompt)
        ):
            self._runner.adopt(row, prompt, group.positions)
            started.append(self._scheduler.start(group))
        if not group.waiting:
            self.close(group)
        return started

    def close(self, group: PromptGroup) -> None:
        """No more of its sequences will start."""
        if group.scoring is not None and group.scoring.prompt is not group.prompt:
            self._close(group.scoring.prompt)
        self._close(group.prompt)
        group.scoring = group.prompt = None

    def _close(self, prompt: PromptPass | None) -> None:
        if prompt is not None:
            self._runner.close(prompt)

    def score(self, prompts: Mapping[PromptGroup, PromptPass]) -> int:
        """Run the next chunk of each in one pass, and tell the log-probabilities of their tokens.

        Returns how many tokens need not be read any more.
        """
        starts = [prompt.position for prompt in prompts.values()]
        logits = self._runner.score(list(prompts.values()))
        first = read = 0
        for (group, prompt), start in zip(prompts.items(), starts, strict=True):
            end = first + prompt.position - start
            read += end - first if prompt is group.prompt else 0
            self._tell_scores(group, prompt, start, logits[first:end])
            first = end
        return read

    def scored_together(self, prompts: Mapping[PromptGroup, PromptPass]) -> Iterator[dict[PromptGroup, PromptPass]]:
        """What one call of `score` takes, as long as there are some left."""
        most = self._runner.scored_at_once
        together: dict[PromptGroup, PromptPass] = {}
        for group, prompt in prompts.items():
            tokens = sum(min(each.left, most) for each in (*together.values(), prompt))
            if together and (tokens > most or len(together) == self._runner.prompts_at_once):
                yield together
                together = {}
            together[group] = prompt
        if together:
            yield together

    def _tell_scores(self, group: PromptGroup, prompt: PromptPass, start: int, logits: torch.Tensor) -> None:
        """In parts of a size that all can carry."""
        scoring = group.scoring
        if scoring is None:
            raise AssertionError("nobody asked for the log-probabilities of this prompt")
        fresh = scoring.take(start + 1 if start else 0, self._score_chunk(group, prompt, start, logits))
        # Sooner than the pass: nothing is asked about what comes after the last token.
        done = scoring.told == len(group.token_ids)
        while fresh:
            part, fresh = fresh[:_SCORED_AT_ONCE], fresh[_SCORED_AT_ONCE:]
            self._outbox.put(group.stream, [PromptScored(tuple(part), last=done and not fresh)])
        if done:
            self._end_scoring(group, prompt, logits)

    def _end_scoring(self, group: PromptGroup, prompt: PromptPass, logits: torch.Tensor) -> None:
        group.scoring = None
        if prompt is not group.prompt:
            self._close(prompt)
        elif prompt.finished:
            group.first_logits = logits[-1].clone()

    def _score_chunk(
        self, group: PromptGroup, prompt: PromptPass, start: int, logits: torch.Tensor
    ) -> Sequence[TokenLogprob]:
        """Of the tokens that the chunk from `start` on predicts, and of the first, which nothing does."""
        scored = [] if start else [TokenLogprob(group.token_ids[0], None)]
        targets = group.token_ids[start + 1 : prompt.position + 1]
        for first in range(0, len(targets), _SCORED_AT_ONCE):
            part = targets[first : first + _SCORED_AT_ONCE]
            scored += self._runner.sampler.score_tokens(
                logits[first : first + len(part)], part, group.request.logprobs or 0
            )
        return scored
