"""The embedded store passes the contract, in memory and in a file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backends.store.protocol import Store
from backends.store.sqlite import SqliteStore
from tests.backends.store.contract import SharedStoreContract, StoreContract


class TestInMemory(StoreContract):
    @pytest.fixture
    async def store(self) -> AsyncIterator[Store]:
        store = await SqliteStore.open(None)
        yield store
        await store.aclose()


class TestInFile(StoreContract):
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[Store]:
        store = await SqliteStore.open(tmp_path / "inkling.db")
        yield store
        await store.aclose()


class TestSharedFile(SharedStoreContract):
    @pytest.fixture
    async def pair(self, tmp_path: Path) -> AsyncIterator[tuple[Store, Store]]:
        path = tmp_path / "inkling.db"
        one, other = await SqliteStore.open(path), await SqliteStore.open(path)
        yield one, other
        await one.aclose()
        await other.aclose()
