"""What one bot adds to a request while another one erases it doesn't outlive it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from itertools import count

import pytest

from backends.store.dynamodb.store import DynamoStore
from backends.store.protocol import Store
from backends.store.records import PostRecord
from tests.fakes.dynamo_tables import dynamodb_at, items_at, new_table, store_at
from tests.fakes.interrupted_clients import MeddledClient
from tests.fakes.records import HERE, make_outcome
from tests.fakes.store_day import StoreDay

Call = Callable[[Store, StoreDay], Awaitable[object]]

CALLS: dict[str, Call] = {
    "post": lambda store, day: store.save_post(PostRecord(day.record.id, "general/1")),
    "vote": lambda store, day: store.vote(day.record.id, "u2", True),
    "checkpoint": lambda store, day: store.checkpoint(day.partial),
    "finish": lambda store, day: store.finish(day.record.id, make_outcome(), day.final),
    "reply": lambda store, day: store.set_reply(day.record.id, "reply"),
    "deliver": lambda store, day: store.mark_delivered(day.record.id),
}


@pytest.mark.parametrize("what", CALLS)
async def test_nothing_of_an_erased_request_is_left(url: str, what: str) -> None:
    for number in count(1):
        table, day = new_table(url), StoreDay()
        async with store_at(url, table) as other:
            await other.accept(day.record)
            client = MeddledClient(dynamodb_at(url), number, lambda: asyncio.run(other.delete(day.record.id)))  # noqa: B023
            async with aclosing(DynamoStore(client, table)) as store:  # type: ignore[arg-type]
                await CALLS[what](store, day)
            if client.calls < number:
                break
            assert await other.request(day.record.id) is None
        # That it ended, and how long it took, is counted whoever came first.
        left = [item["sk"] for item in items_at(url, table) if not item["sk"].startswith("usage#")]
        assert left == ["table"], f"before call {number}"
    assert number > 2


async def test_who_is_erased_while_asking_has_asked_afterwards(url: str) -> None:
    for number in count(1):
        table, day = new_table(url), StoreDay()
        async with store_at(url, table) as other:

            async def erase() -> None:
                await other.erase_user(HERE, "u1")
                await other.erase_workspace(HERE)

            client = MeddledClient(dynamodb_at(url), number, lambda: asyncio.run(erase()))
            async with aclosing(DynamoStore(client, table)) as store:  # type: ignore[arg-type]
                assert (await store.accept(day.record)).created
                day.done.append("accept")
            if client.calls < number:
                break
            await day.check(other)
    assert number > 4
