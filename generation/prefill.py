"""Takes prompts through the model, a chunk at a time, and starts their sequences."""

from __future__ import annotations

from generation.request_stream import Outbox
from generation.runner import PromptPass, Runner
from generation.scheduler import Scheduler
from generation.sequence import PromptGroup, PromptScoring, SampleSequence
from generation.types import PromptScored

_SCORED_AT_ONCE = 32


class Prefill:
    """Opens a request's prompt when its turn has come, and closes it when all its sequences have started."""

    def __init__(self, runner: Runner, scheduler: Scheduler, outbox: Outbox) -> None:
        self._runner = runner
        self._scheduler = scheduler
        self._outbox = outbox

    def advance(self, group: PromptGroup, budget: int) -> int:
        """Run the prompt's next chunk; returns the tokens run: none when they are more than `budget`, or memory lacks.

        Prompts are not cut to the budget: for some runners the cuts decide the bits.
        """
        prompt = self._due(group)
        if prompt is None or min(self._runner.chunk, len(prompt.token_ids) - prompt.position) > budget:
            return 0
        before = prompt.position
        if group.scoring is not None:
            self._score(group, group.scoring, prompt)
        else:
            group.first_logits = self._runner.prefill(prompt)
        return prompt.position - before

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
        if group.scoring is not None:
            self._close(group.scoring.prompt)
        self._close(group.prompt)
        group.scoring = group.prompt = None

    def _close(self, prompt: PromptPass | None) -> None:
        if prompt is not None:
            self._runner.close(prompt)

    def _due(self, group: PromptGroup) -> PromptPass | None:
        """The pass that comes next, if one does and has begun or can."""
        prompt = group.prompt if group.scoring is None else group.scoring.prompt
        if prompt is not None:
            return None if prompt.finished else prompt
        if not self._runner.room_for(group.positions):
            return None
        group.begun = True
        if group.scoring is not None:
            group.scoring.prompt = self._runner.open(group.token_ids, remembered=False)
            return group.scoring.prompt
        group.prompt = self._runner.open(group.token_ids)
        return group.prompt

    def _score(self, group: PromptGroup, scoring: PromptScoring, prompt: PromptPass) -> None:
        start = prompt.position
        logits = self._runner.score(prompt)
        targets = group.token_ids[start + 1 : prompt.position + 1]
        for first in range(0, len(targets), _SCORED_AT_ONCE):
            part = targets[first : first + _SCORED_AT_ONCE]
            scored = self._runner.sampler.score_tokens(
                logits[first : first + len(part)], part, group.request.logprobs or 0
            )
            scoring.tokens.extend(scored)
        if prompt.finished:
            self._outbox.put(group.stream, [PromptScored(tuple(scoring.tokens))])
            self._close(prompt)
            group.scoring = None
