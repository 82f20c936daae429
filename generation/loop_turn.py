"""Long work on the event loop, cut so that nobody who waits meanwhile notices."""

from __future__ import annotations

import asyncio
import time

_MOST_S = 0.01


class LoopTurn:
    """One burst of work between two waits; make a new one after each wait."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    async def share(self) -> None:
        """Between two pieces of work: let everybody else go first when this turn has lasted for long."""
        if time.monotonic() - self._began >= _MOST_S:
            await asyncio.sleep(0)
            self._began = time.monotonic()
