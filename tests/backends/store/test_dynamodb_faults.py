"""AWS on a bad day: answers are lost, connections cut, calls throttled or refused."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import aclosing
from itertools import count

import pytest
from botocore.config import Config

from backends.aws.calls import PATIENT
from backends.store.dynamodb.store import DynamoStore
from backends.store.dynamodb.table import Key, Table
from backends.store.protocol import StoreFailed
from tests.backends.store.contract_requests import accepted
from tests.fakes.busy_clients import ForgetfulClient, HalfwayClient, StuckClient
from tests.fakes.dynamo_tables import dynamodb_at, items_at, new_table
from tests.fakes.faulty_aws import Fault, FaultyAws
from tests.fakes.ministack import MiniStack
from tests.fakes.records import HERE, make_finished_sample, make_outcome, make_request
from tests.fakes.store_day import StoreDay


@pytest.fixture
def table(ministack: MiniStack) -> str:
    return new_table(ministack.url)


@pytest.fixture
async def store(faulty: FaultyAws, table: str) -> AsyncIterator[DynamoStore]:
    store = DynamoStore(faulty.client("dynamodb", config=PATIENT), table)
    yield store
    faulty.heal()
    await store.aclose()


@pytest.mark.slow
async def test_a_lost_answer_changes_nothing(ministack: MiniStack) -> None:
    """Each call of a day in turn is made twice, and only the second answer arrives: so it is when boto3 tries again."""
    for number in count(1):
        table, day = new_table(ministack.url), StoreDay()
        client = ForgetfulClient(dynamodb_at(ministack.url), number)
        async with aclosing(DynamoStore(client, table)) as store:  # type: ignore[arg-type]
            await day.live(store)
            await day.check(store)
            await day.go_on(store)
        assert day.answered_well, f"call {number}: {day.answers}"
        if client.calls < number:
            break
    assert number > 30


@pytest.mark.parametrize("fault", ["lost answer", "cut", "broken"])
@pytest.mark.parametrize("operation", ["PutItem", "UpdateItem", "BatchWriteItem"])
async def test_boto3_tries_again(store: DynamoStore, faulty: FaultyAws, operation: str, fault: Fault) -> None:
    day = StoreDay()
    faulty.plan(fault, operation, times=1)
    await day.live(store)
    await day.check(store)
    assert day.answered_well


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("throttled", r"AWS is throttling the table \S+; try again in a moment\."),
        ("denied", r"AWS doesn't allow \w+ on the table \S+; the role lacks that right\."),
        ("gone", r"AWS has no such thing as the table \S+ any more \(ResourceNotFoundException\)\."),
        ("unavailable", r"AWS failed at \w+ on the table \S+ \(ServiceUnavailable\)\."),
        ("cut", r"AWS can't be reached to ask the table \S+ \(\w+\)\."),
    ],
)
async def test_what_goes_wrong_for_good_is_said_in_a_sentence(
    faulty: FaultyAws, table: str, fault: Fault, sentence: str
) -> None:
    client = faulty.client("dynamodb", config=Config(retries={"mode": "standard", "total_max_attempts": 2}))
    store = DynamoStore(client, table)
    record = await accepted(store)
    faulty.plan(fault)
    for call in (
        store.accept(make_request()),
        store.open_requests(),
        store.finish(record.id, make_outcome(), ()),
        store.erase_user(HERE, "u1"),
    ):
        with pytest.raises(StoreFailed, match=f"^{sentence}$"):
            await call
    faulty.heal()
    assert await store.open_requests() == (record,)
    assert await store.finish(record.id, make_outcome(), [make_finished_sample(record)])
    await store.aclose()


async def test_a_batch_that_is_half_done_is_gone_on_with(ministack: MiniStack, table: str) -> None:
    client = HalfwayClient(dynamodb_at(ministack.url))
    store = DynamoStore(client, table)  # type: ignore[arg-type]
    records = [await accepted(store) for _ in range(30)]
    assert await store.requests_of(HERE, "u1") == tuple(records)
    assert await store.erase_user(HERE, "u1") == 30
    assert client.halves > 30
    assert [item["pk"] for item in items_at(ministack.url, table)] == ["inkling"]
    await store.aclose()


def test_a_batch_that_is_never_done_is_given_up() -> None:
    pauses: list[float] = []
    table = Table(StuckClient(), "full", pauses.append)  # type: ignore[arg-type]
    with pytest.raises(StoreFailed, match=r"^AWS is throttling the table full; try again in a moment\.$"):
        table.delete_many([Key("a", "b")])
    assert len(pauses) == 8
    assert all(shorter < longer for shorter, longer in itertools.pairwise(pauses))
