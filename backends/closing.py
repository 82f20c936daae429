"""Ends every wait of a backend at once when it closes, whatever it waits for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from config.errors import BackendUnavailable


class Closing:
    """One per backend; `name` is the backend's, for the sentence."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._closed = False
        self._waits: set[asyncio.Timeout] = set()

    @property
    def closed(self) -> bool:
        return self._closed

    @asynccontextmanager
    async def interruptible(self) -> AsyncIterator[None]:
        """Around one wait: raises BackendUnavailable when closed, before or during it. Never `yield` text inside."""
        self.check()
        try:
            async with asyncio.timeout(None) as wait:
                self._waits.add(wait)
                try:
                    yield
                finally:
                    self._waits.discard(wait)
        except TimeoutError as error:
            if wait.expired():
                raise self._error() from error
            raise

    def check(self) -> None:
        if self._closed:
            raise self._error()

    def close(self) -> None:
        self._closed = True
        for wait in self._waits:
            wait.reschedule(0)
        self._waits.clear()

    def _error(self) -> BackendUnavailable:
        return BackendUnavailable(f"{self._name} is closed.")
