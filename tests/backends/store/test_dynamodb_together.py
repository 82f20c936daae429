"""Two requests that are accepted together, whatever comes between."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from itertools import count

import pytest

from backends.store.dynamodb.store import DynamoStore
from backends.store.protocol import StoreFailed
from backends.store.records import Accepted, RequestRecord
from tests.fakes.busy_clients import CancellingClient, ForgetfulClient
from tests.fakes.dynamo_tables import dynamodb_at, items_at, new_table, store_at
from tests.fakes.interrupted_clients import Killed, MeddledClient, MortalClient
from tests.fakes.ministack import MiniStack
from tests.fakes.records import HERE, make_request
from tests.fakes.store_day import LONG


def make_two() -> tuple[RequestRecord, RequestRecord]:
    first = make_request(prompt=LONG)
    return first, make_request(prompt=LONG, origin_id=first.id, group_id=first.id, story_id=first.id)


async def check_nothing_outlives_them(url: str, table: str) -> None:
    async with store_at(url, table, later_by_s=3600) as store:
        await store.erase_user(HERE, "u1")
        assert await store.open_requests() == ()
    assert [item["pk"] for item in items_at(url, table)] == ["inkling"]


@pytest.mark.parametrize("makes_it", [False, True], ids=["before", "after"])
async def test_whenever_a_process_dies_there_are_both_or_neither(ministack: MiniStack, makes_it: bool) -> None:
    for dies_at in count(1):
        table, two = new_table(ministack.url), make_two()
        client = MortalClient(dynamodb_at(ministack.url), dies_at, makes_it=makes_it)
        async with aclosing(DynamoStore(client, table)) as dying:  # type: ignore[arg-type]
            with suppress(Killed):
                await dying.accept_both(*two)
                break
        async with store_at(ministack.url, table) as store:
            kept = await store.requests_of(HERE, "u1")
            assert kept in ((), two)
            again = await store.accept_both(*two)
            assert [each.created for each in again] == [not kept] * 2
            assert await store.story(two[0].id) == two
        await check_nothing_outlives_them(ministack.url, table)
    assert dies_at > 5


async def test_a_lost_answer_changes_nothing(ministack: MiniStack) -> None:
    for number in count(1):
        table, two = new_table(ministack.url), make_two()
        client = ForgetfulClient(dynamodb_at(ministack.url), number)
        async with aclosing(DynamoStore(client, table)) as store:  # type: ignore[arg-type]
            assert await store.accept_both(*two) == (Accepted(two[0], True), Accepted(two[1], True))
            assert await store.group(two[0].id) == await store.open_requests() == two
        if client.calls < number:
            break
        await check_nothing_outlives_them(ministack.url, table)
    assert number > 5


@pytest.mark.parametrize("which", [0, 1])
async def test_of_two_that_another_bot_was_told_of_too_each_is_kept_once(ministack: MiniStack, which: int) -> None:
    for number in count(1):
        table, two = new_table(ministack.url), make_two()
        rival = make_request(idempotency_key=two[which].idempotency_key)
        async with store_at(ministack.url, table) as other:
            client = MeddledClient(dynamodb_at(ministack.url), number, lambda: asyncio.run(other.accept(rival)))  # noqa: B023
            async with aclosing(DynamoStore(client, table)) as store:  # type: ignore[arg-type]
                accepted = await store.accept_both(*two)
            if client.calls < number:
                break
            kept = await other.requests_of(HERE, "u1")
            assert {each.record for each in accepted} == set(kept)
            assert [each.created for each in accepted].count(False) == (rival in kept)
            assert len(kept) == 2
        await check_nothing_outlives_them(ministack.url, table)
    assert number > 5


async def test_who_is_in_another_writes_way_tries_again(ministack: MiniStack) -> None:
    table, two = new_table(ministack.url), make_two()
    client = CancellingClient(dynamodb_at(ministack.url), "TransactionConflict")
    async with aclosing(DynamoStore(client, table)) as store:  # type: ignore[arg-type]
        assert await store.accept_both(*two) == (Accepted(two[0], True), Accepted(two[1], True))
        assert await store.requests_of(HERE, "u1") == two
    await check_nothing_outlives_them(ministack.url, table)


async def test_what_else_cancels_them_is_told(ministack: MiniStack) -> None:
    client = CancellingClient(dynamodb_at(ministack.url), "ThrottlingError")
    async with aclosing(DynamoStore(client, new_table(ministack.url))) as store:  # type: ignore[arg-type]
        with pytest.raises(StoreFailed, match=r"^AWS failed at TransactWriteItems on the table \S+ \(Transaction"):
            await store.accept_both(*make_two())
        assert await store.open_requests() == ()
