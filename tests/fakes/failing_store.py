"""A store whose disk fails for the calls the test names."""

from __future__ import annotations

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
