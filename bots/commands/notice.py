"""What the one who waits is told when something takes long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog

Tell = Callable[[str], Awaitable[None]]
"""Shows a sentence to the one who waits. What it raises is logged and no more: the answer is still to come."""
NOTICE_AFTER_S = 3.0
"""Longer, and nobody believes in a spinner any more."""

log = structlog.get_logger(__name__)


async def tell_nobody(sentence: str) -> None:
    """Where nobody can be told before the answer is there."""


@asynccontextmanager
async def noticed(tell: Tell, words: Callable[[], Awaitable[str]], after_s: float) -> AsyncIterator[None]:
    """Tells once, if the block is not done by then; never after it is done."""
    begun = False

    async def notice() -> None:
        nonlocal begun
        await asyncio.sleep(after_s)
        sentence = await words()
        begun = True
        await tell(sentence)

    task = asyncio.create_task(notice(), name="notice")
    try:
        yield
    finally:
        # What is being told is told to its end: a platform could show it over the answer.
        if not begun:
            task.cancel()
        [failure] = await asyncio.gather(task, return_exceptions=True)
        if isinstance(failure, Exception):
            log.warning("notice_failed", error=type(failure).__name__)
