"""A request is worked on by one bot at a time, and by another one once that is gone."""

from __future__ import annotations

import asyncio

import pytest

from backends.store.dynamodb.sharing import GONE_AFTER_S
from backends.store.protocol import Store
from tests.backends.store.contract_requests import accepted, ended
from tests.fakes.dynamo_tables import new_table, store_at


@pytest.fixture
def table(url: str) -> str:
    return new_table(url)


async def take(store: Store, *, own_too: bool = False) -> list[str]:
    """Of all that is open."""
    return sorted(await store.take([record.id for record in await store.open_requests()], own_too))


async def test_a_bot_has_its_own_and_nobody_elses(url: str, table: str) -> None:
    async with store_at(url, table, bot="one") as one, store_at(url, table, bot="two") as two:
        for store in (one, two):
            assert not await store.stay()
        first, second = await accepted(one), await accepted(two)
        assert await take(one, own_too=True) == [first.id]
        assert await take(two, own_too=True) == [second.id]
        assert await take(one) == await take(two) == []


async def test_who_says_nothing_is_gone_after_a_while(url: str, table: str) -> None:
    async with store_at(url, table, bot="one") as one:
        await one.stay()
        record = await accepted(one)
        async with store_at(url, table, bot="two", later_by_s=GONE_AFTER_S - 10) as two:
            assert not await two.stay()
            assert await take(two) == []
        async with store_at(url, table, bot="two", later_by_s=GONE_AFTER_S + 10) as two:
            assert await two.stay()
            assert await take(two) == [record.id]
        assert await take(one, own_too=True) == []


async def test_who_leaves_is_gone_at_once(url: str, table: str) -> None:
    async with store_at(url, table, bot="one") as one, store_at(url, table, bot="two") as two:
        await one.stay()
        open_, done = await accepted(one), await ended(one)
        await one.leave()
        assert await two.stay()
        assert await two.take([open_.id, done.id, "unknown"], False) == {open_.id, done.id}


async def test_who_starts_anew_under_its_name_goes_on(url: str, table: str) -> None:
    async with store_at(url, table, bot="one") as one:
        await one.stay()
        record = await accepted(one)
    async with store_at(url, table, bot="one") as again:
        assert not await again.stay()
        assert await take(again, own_too=True) == [record.id]


async def test_one_of_many_takes_what_is_left(url: str, table: str) -> None:
    async with store_at(url, table, bot="gone") as gone:
        left = sorted([(await accepted(gone)).id for _ in range(5)])
    async with store_at(url, table, bot="one") as one, store_at(url, table, bot="two") as two:
        for store in (one, two):
            await store.stay()
        taken = await asyncio.gather(*(take(store) for store in (one, two) * 3))
        assert sorted(request_id for some in taken for request_id in some) == left


async def test_what_is_long_gone_is_not_asked_for_any_more(url: str, table: str) -> None:
    async with store_at(url, table, bot="one") as one:
        await one.leave()
    async with store_at(url, table, bot="two", later_by_s=7200) as two:
        assert not await two.stay()
