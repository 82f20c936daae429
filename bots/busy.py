"""The handlers that are at work, so that a stop can wait for their last words."""

from __future__ import annotations

import asyncio


class Busy:
    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[object]] = set()

    def enter(self) -> None:
        """The task that calls this is a handler at work, until it ends."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def until_idle(self, within_s: float) -> None:
        """Until all have ended; those that haven't in time are left alone."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=within_s)
