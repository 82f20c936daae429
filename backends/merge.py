"""Several async generators as one, in the order their items come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import TypeVar

T = TypeVar("T")


class _End:
    """One source is done."""


async def merge(sources: Sequence[AsyncGenerator[T, None]]) -> AsyncGenerator[T, None]:
    """Items of all sources. The first error ends it; closing it, or an error, closes every source."""
    queue: asyncio.Queue[T | _End | BaseException] = asyncio.Queue(maxsize=len(sources) or 1)
    tasks = [asyncio.create_task(_drain(source, queue)) for source in sources]
    try:
        for _ in sources:
            while not isinstance(item := await queue.get(), _End):
                if isinstance(item, BaseException):
                    raise item
                yield item
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _drain(source: AsyncGenerator[T, None], queue: asyncio.Queue[T | _End | BaseException]) -> None:
    try:
        async with aclosing(source):
            async for item in source:
                await queue.put(item)
    except Exception as error:
        await queue.put(error)
    else:
        await queue.put(_End())
