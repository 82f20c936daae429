"""Which sequences run: rows without gaps, first come first served."""

from __future__ import annotations

from collections import deque
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

    @property
    def running(self) -> list[SampleSequence]:
        """By row."""
        return list(self._running)

    @property
    def waiting(self) -> list[SampleSequence]:
        return [sequence for group in self._groups for sequence in group.waiting]

    @property
    def idle(self) -> bool:
        return not self._running and not self._groups

    @property
    def groups(self) -> list[PromptGroup]:
        """Every request that is not finished."""
        return list(dict.fromkeys([*(sequence.group for sequence in self._running), *self._groups]))

    def add(self, group: PromptGroup) -> None:
        self._groups.append(group)

    def next_group(self) -> PromptGroup | None:
        """The first request with a sequence that could start now."""
        if not self._groups or len(self._running) == self._max_running:
            return None
        return self._groups[0]

    def start(self, group: PromptGroup) -> list[SampleSequence]:
        """Give free rows to the first request's waiting sequences, as far as both go."""
        started = []
        while group.waiting and len(self._running) < self._max_running:
            sequence = group.waiting.popleft()
            sequence.row = len(self._running)
            self._running.append(sequence)
            started.append(sequence)
        if not group.waiting:
            self._groups.remove(group)
        return started

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
        group.waiting.clear()
        if group in self._groups:
            self._groups.remove(group)
        return [sequence for sequence in group.sequences if sequence.row is not None]
