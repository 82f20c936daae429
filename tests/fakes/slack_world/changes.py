"""Waiting for something to become true, woken by whatever happens in the world."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE_S = 10.0


class Changes:
    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def announce(self) -> None:
        woken, self._waiting = self._waiting, set()
        for future in woken:
            if not future.done():
                future.set_result(None)

    def next(self) -> asyncio.Future[None]:
        """Waits from this very moment on; a coroutine would begin later and could miss what happens meanwhile."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        return future

    async def until(self, condition: Callable[[], T | None], within_s: float = PATIENCE_S) -> T:
        """The condition's first true value."""
        async with asyncio.timeout(within_s):
            while not (value := condition()):
                await self.next()
            return value
