"""Which sequences run: rows without gaps, first come first served."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from generation.sequence import PromptGroup, SampleSequence


@dataclass(frozen=True, slots=True)
class RowMove:
    """The sequence of row `source` continues in row `target`."""

    source: int
    target: int
    length: int
    """Positions in use."""


class Scheduler:
    """Belongs to the engine's thread."""

    def __init__(self, max_running: int) -> None:
        self._max_running = max_running
        self._running: list[SampleSequence] = []
        self._groups: deque[PromptGroup] = deque()
        # Kept, not counted: a queue can be long, and its figures are told every step.
        self._waiting_count = 0
        self._waiting_tokens = 0
        self.holding = False
        """Whether requests that have not begun stay where they are."""

    @property
    def running(self) -> list[SampleSequence]:
        """By row."""
        return list(self._running)

    @property
    def running_count(self) -> int:
        return len(self._running)

    @property
    def waiting_count(self) -> int:
        return self._waiting_count

    @property
    def remaining_tokens(self) -> int:
        """How many more may come, of what runs and what waits."""
        return self._waiting_tokens + sum([sequence.remaining for sequence in self._running])

    @property
    def idle(self) -> bool:
        return not self._running and not self._groups

    @property
    def drained(self) -> bool:
        """Nothing has begun that has not ended."""
        return not self._running and not (self._groups and self._groups[0].begun)

    @property
    def groups(self) -> list[PromptGroup]:
        """Every request that is not finished."""
        return list(dict.fromkeys([*(sequence.group for sequence in self._running), *self._groups]))

    @property
    def free_row(self) -> int | None:
        """Where the next sequence would run."""
        row = len(self._running)
        return row if row < self._max_running else None

    def add(self, group: PromptGroup) -> None:
        self._groups.append(group)
        self._waiting_count += len(group.waiting)
        self._waiting_tokens += group.waiting_tokens

    def ready(self) -> Iterator[PromptGroup]:
        """The requests with sequences that could start now, in order, as far as rows go."""
        free = self._max_running - len(self._running)
        for group in list(self._groups):
            if free <= 0 or (self.holding and not group.begun):
                return
            yield group
            free -= len(group.waiting)

    def start(self, group: PromptGroup) -> SampleSequence:
        """Give the free row to the request's next waiting sequence."""
        sequence = group.waiting.popleft()
        sequence.row = self.free_row
        self._running.append(sequence)
        self._waiting_count -= 1
        self._waiting_tokens -= sequence.remaining
        if not group.waiting:
            self._groups.remove(group)
        return sequence

    def release(self, sequence: SampleSequence) -> RowMove | None:
        """Take a sequence out of the batch; the last row, if another, moves into its place."""
        row, sequence.row = sequence.row, None
        if row is None:
            return None
        last = self._running.pop()
        if last is sequence:
            return None
        source, last.row = last.row, row
        self._running[row] = last
        if source is None:
            raise AssertionError("a running sequence has a row")
        return RowMove(source, row, last.newest_position + 1)

    def forget(self, group: PromptGroup) -> list[SampleSequence]:
        """Start nothing more of a request; returns its sequences that still run."""
        if group in self._groups:
            self._groups.remove(group)
            self._waiting_count -= len(group.waiting)
            self._waiting_tokens -= group.waiting_tokens
        group.waiting.clear()
        return [sequence for sequence in group.sequences if sequence.row is not None]

    def vacate(self) -> list[PromptGroup]:
        """Take every sequence out of the batch, whose memory is lost; returns their requests."""
        lost, self._running = self._running, []
        for sequence in lost:
            sequence.row = None
        return list(dict.fromkeys(sequence.group for sequence in lost))
