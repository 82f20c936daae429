from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from backends.merge import merge


class Source:
    """Counts up to `items`, then ends, or fails, or waits for ever."""

    def __init__(self, items: int, *, error: Exception | None = None, endless: bool = False) -> None:
        self._items = items
        self._error = error
        self._endless = endless
        self.closed = False

    async def stream(self) -> AsyncGenerator[int, None]:
        try:
            for item in range(self._items):
                await asyncio.sleep(0)
                yield item
            if self._error is not None:
                raise self._error
            if self._endless:
                await asyncio.Event().wait()
        finally:
            self.closed = True


async def test_gives_every_item_of_every_source() -> None:
    sources = [Source(3), Source(0), Source(5)]
    items = [item async for item in merge([source.stream() for source in sources])]
    assert sorted(items) == [0, 0, 1, 1, 2, 2, 3, 4]
    assert all(source.closed for source in sources)


async def test_no_source_gives_nothing() -> None:
    assert [item async for item in merge([])] == []


async def test_error_comes_through_and_closes_the_others() -> None:
    sources = [Source(2, error=ValueError("broken")), Source(1, endless=True)]
    with pytest.raises(ValueError, match="broken"):
        _ = [item async for item in merge([source.stream() for source in sources])]
    assert all(source.closed for source in sources)


async def test_closing_closes_the_sources() -> None:
    sources = [Source(1, endless=True), Source(100, endless=True)]
    async with aclosing(merge([source.stream() for source in sources])) as items:
        await anext(items)
        await anext(items)
    assert all(source.closed for source in sources)
