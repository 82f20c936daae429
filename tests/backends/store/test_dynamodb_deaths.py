"""A process dies before or after any of its calls: another one finds everything in order, and can erase it."""

from __future__ import annotations

from contextlib import aclosing, suppress
from itertools import count

import pytest

from backends.store.dynamodb.store import DynamoStore
from tests.fakes.dynamo_tables import dynamodb_at, items_at, new_table, store_at
from tests.fakes.interrupted_clients import Killed, MortalClient
from tests.fakes.ministack import MiniStack
from tests.fakes.records import HERE, NOW, make_outcome
from tests.fakes.store_day import StoreDay

pytestmark = pytest.mark.slow

FEWEST_CALLS = 30


async def die(url: str, table: str, day: StoreDay, dies_at: int, makes_it: bool) -> bool:
    """Whether it died before the day was over."""
    client = MortalClient(dynamodb_at(url), dies_at, makes_it=makes_it)
    async with aclosing(DynamoStore(client, table)) as store:  # type: ignore[arg-type]
        with suppress(Killed):
            await day.live(store)
            return False
    return True


@pytest.mark.parametrize("makes_it", [False, True], ids=["before", "after"])
async def test_whenever_it_dies_everything_is_in_order(ministack: MiniStack, makes_it: bool) -> None:
    url = ministack.url
    for dies_at in count(1):
        table, day = new_table(url), StoreDay()
        if not await die(url, table, day, dies_at, makes_it):
            break
        async with store_at(url, table) as store:
            await day.check(store)
            await day.go_on(store)
        async with store_at(url, table, later_by_s=3600) as store:
            await store.erase_user(HERE, "u2")
            await store.erase_user(HERE, "u1")
            await store.erase_workspace(HERE)
        assert [item["pk"] for item in items_at(url, table)] == ["inkling"], f"died at call {dies_at}"
    assert dies_at > FEWEST_CALLS


@pytest.mark.parametrize("makes_it", [False, True], ids=["before", "after"])
async def test_whenever_erasing_dies_it_can_be_done_again(ministack: MiniStack, makes_it: bool) -> None:
    url = ministack.url
    for dies_at in count(1):
        table, day = new_table(url), StoreDay()
        async with store_at(url, table) as store:
            await day.live(store)
        client = MortalClient(dynamodb_at(url), dies_at, makes_it=makes_it)
        async with aclosing(DynamoStore(client, table)) as store:  # type: ignore[arg-type]
            with suppress(Killed):
                await store.erase_user(HERE, "u1")
                await store.erase_workspace(HERE)
                break
        async with store_at(url, table, later_by_s=3600) as store:
            assert len(await store.requests_of(HERE, "u1")) <= 1
            assert await store.open_requests() == ()
            await store.erase_user(HERE, "u1")
            await store.erase_workspace(HERE)
        assert [item["pk"] for item in items_at(url, table)] == ["inkling"], f"died at call {dies_at}"
    assert dies_at > 10


async def test_what_an_interrupted_accept_left_is_swept_later(ministack: MiniStack) -> None:
    url = ministack.url
    table, day = new_table(url), StoreDay()
    assert await die(url, table, day, 4, makes_it=False)
    left = len(items_at(url, table))
    assert left > 4
    async with store_at(url, table) as store:
        assert await store.open_requests() == ()
        assert len(items_at(url, table)) == left, "it might still go on"
    async with store_at(url, table, later_by_s=3600) as store:
        assert await store.open_requests() == ()
    assert [item["pk"] for item in items_at(url, table)] == ["inkling"]


async def test_an_end_that_was_not_counted_any_more_counts_when_it_is_erased(ministack: MiniStack) -> None:
    table, day = new_table(ministack.url), StoreDay()
    async with store_at(ministack.url, table) as store:
        await store.accept(day.record)
        client = MortalClient(dynamodb_at(ministack.url), 3, makes_it=False)
        async with aclosing(DynamoStore(client, table)) as dying:  # type: ignore[arg-type]
            with pytest.raises(Killed):
                await dying.finish(day.record.id, make_outcome(), ())
        assert await store.delete(day.record.id)
        assert (await store.usage(HERE, NOW)).requests == 1
