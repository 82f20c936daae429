"""A few threads of the store's own: boto3 waits for each answer, and the bot must not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar, TypeVarTuple

from backends.store.protocol import StoreFailed

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

THREADS = 8


class Threads:
    def __init__(self, most: int = THREADS) -> None:
        self._executor = ThreadPoolExecutor(most, thread_name_prefix="dynamodb")
        self._closed = False

    async def run(self, work: Callable[[*Ts], T], *given: *Ts) -> T:
        """Its result. When this is cancelled, work that has begun is done before it ends, so that nobody finds it half
        done; what has not begun never does. StoreFailed once closed."""
        if self._closed:
            raise StoreFailed("The store is closed.")
        working = self._executor.submit(work, *given)
        waiting = asyncio.wrap_future(working)
        try:
            return await asyncio.shield(waiting)
        except asyncio.CancelledError:
            await _give_up(working, waiting)
            raise

    async def aclose(self) -> None:
        """Let what was asked for be done, refuse the rest. May be called again."""
        self._closed = True
        await asyncio.to_thread(self._executor.shutdown)


async def _give_up(working: Future[Any], waiting: asyncio.Future[Any]) -> None:
    working.cancel()
    while not waiting.done():
        try:
            await asyncio.wait([waiting])
        except asyncio.CancelledError:
            continue  # a second time, with the work still going on
    if not waiting.cancelled():
        waiting.exception()  # told to nobody, and known to have been looked at
