"""The store in DynamoDB passes the contract, on two emulators."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from backends.store.dynamodb.store import DynamoStore
from backends.store.protocol import Store
from tests.backends.store.contract import SharedStoreContract, StoreContract
from tests.fakes.dynamo_tables import new_table, store_at


class TestDynamoStore(StoreContract):
    @pytest.fixture
    async def store(self, request: pytest.FixtureRequest, url: str) -> AsyncIterator[Store]:
        if "dynalite" in request.node.name and "of_two" in request.node.name.replace("two_are_accepted", "of_two"):
            pytest.skip("dynalite has no transactions")
        async with store_at(url) as store:
            yield store


class TestSharedTable(SharedStoreContract):
    @pytest.fixture
    async def pair(self, url: str) -> AsyncIterator[tuple[Store, Store]]:
        table = new_table(url)
        async with store_at(url, table) as one, store_at(url, table) as other:
            yield one, other


def test_every_call_is_its_own() -> None:
    """One that is left to the protocol would answer None to everything."""
    calls = [name for name, call in vars(Store).items() if callable(call) and not name.startswith("_")]
    assert len(calls) > 40
    assert [name for name in calls if getattr(DynamoStore, name) is getattr(Store, name)] == []
