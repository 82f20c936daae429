"""The time one request may take, checked at each wait instead of around the whole stream.

A timeout around an async generator's `yield` would cancel whoever consumes it; this one is entered per wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from config.errors import DeadlineExceeded


class Deadline:
    """Counts from its creation, in the running loop's time."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._at = asyncio.get_running_loop().time() + seconds

    @property
    def remaining_s(self) -> float:
        return self._at - asyncio.get_running_loop().time()

    def check(self) -> None:
        """Raise DeadlineExceeded when the time is up."""
        if self.remaining_s <= 0:
            raise self._exceeded()

    @asynccontextmanager
    async def enforced(self) -> AsyncIterator[None]:
        """Around one wait: raises DeadlineExceeded when the time is up before it ends. Never `yield` text inside."""
        self.check()
        timeout = asyncio.timeout_at(self._at)
        try:
            async with timeout:
                yield
        except TimeoutError as error:
            if timeout.expired():
                raise self._exceeded() from error
            raise

    def _exceeded(self) -> DeadlineExceeded:
        return DeadlineExceeded(f"It took longer than the {self._seconds:g} s allowed; the text so far is kept.")
