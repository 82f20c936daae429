"""Stores whose disk fails or hangs for the calls the test names."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, NoReturn

from backends.store.protocol import Store


class FailingStore:
    def __init__(self, store: Store, failing: Iterable[str] = ()) -> None:
        self._store = store
        self.failing = set(failing)

    def __getattr__(self, call: str) -> Any:
        return _fail if call in self.failing else getattr(self._store, call)


async def _fail(*given: object) -> NoReturn:
    raise OSError("the disk is full")


class HangingStore:
    """A store that answers the calls the test names only when it is released."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._released = asyncio.Event()
        self.hanging: set[str] = set()

    def release(self) -> None:
        self._released.set()

    def __getattr__(self, call: str) -> Any:
        real = getattr(self._store, call)
        if call not in self.hanging:
            return real

        async def hang(*given: object) -> object:
            await self._released.wait()
            return await real(*given)

        return hang
