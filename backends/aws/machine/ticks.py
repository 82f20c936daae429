"""A look before the minute is over: a delayed message that the tick function takes."""

from __future__ import annotations

from backends.aws.jobs.protocol import WorkQueue

SOON = "00000000000000000000000000"
"""In place of a job's id."""


class SqsTicks:
    def __init__(self, queue: WorkQueue) -> None:
        self._queue = queue

    def soon(self, delay_s: int) -> None:
        self._queue.send(SOON, delay_s)
