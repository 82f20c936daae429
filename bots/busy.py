"""The handlers that are at work, so that a stop can wait for their last words."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable


class Busy:
    def __init__(self) -> None:
        self._tasks: dict[asyncio.Task[object], Hashable] = {}

    def enter(self, place: Hashable = None) -> None:
        """The task that calls this is a handler at work, for somebody at that place, until it ends."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks[task] = place
        task.add_done_callback(lambda done: self._tasks.pop(done, None))

    async def until_idle(self, within_s: float, place: Hashable = None) -> None:
        """Until all have ended, or all of one place; those that haven't in time are left alone."""
        tasks = [task for task, its_place in self._tasks.items() if place is None or its_place == place]
        if tasks:
            await asyncio.wait(tasks, timeout=within_s)
