"""What a request costs, as docs/decisions/dynamodb-store.md says, and that it costs no more when there are many.

Dynalite counts DynamoDB's units as DynamoDB does.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from contextlib import aclosing

import pytest

from backends.store.dynamodb.store import DynamoStore
from backends.store.records import PostRecord, RequestRecord
from tests.fakes.dynamo_tables import dynamodb_at, new_table
from tests.fakes.metered_client import MeteredClient
from tests.fakes.records import HERE, NOW, make_finished_sample, make_outcome, make_request, make_sample

TEXT = "word " * 60
"""What a completion of the usual length takes."""


@pytest.fixture
def client(dynalite: str) -> MeteredClient:
    return MeteredClient(dynamodb_at(dynalite))


@pytest.fixture
async def store(client: MeteredClient, dynalite: str) -> AsyncIterator[DynamoStore]:
    async with aclosing(DynamoStore(client, new_table(dynalite))) as store:  # type: ignore[arg-type]
        yield store


async def live(store: DynamoStore, record: RequestRecord) -> None:
    """A request of the usual kind, written for six seconds."""
    await store.open_of(HERE, "u1")
    await store.accept(record)
    await store.workspace(HERE)
    await store.samples(record.id)
    await store.set_reply(record.id, '{"channel": "1234567890123456789", "message": "1234567890123456789"}')
    await store.mark_running(record.id, NOW)
    for _ in range(5):
        await store.checkpoint([make_sample(record, text=TEXT)])
    await store.finish(record.id, make_outcome(), [make_finished_sample(record, text=TEXT)])
    await store.save_post(PostRecord(record.id, f"1234567890123456789/{record.id}"))
    await store.mark_delivered(record.id)


async def test_a_usual_request(store: DynamoStore, client: MeteredClient) -> None:
    await live(store, make_request())
    assert (client.written, client.read) == (26, 5)


async def test_a_long_story_goes_on(store: DynamoStore, client: MeteredClient) -> None:
    """Its prompt is written once and stays out of the way of what follows."""
    await live(store, make_request(prompt="word " * 4_000, story_id="the first"))
    assert client.written <= 26 + 21 + 1
    assert client.read <= 5


async def cost_of(client: MeteredClient, call: Awaitable[object]) -> tuple[float, float, int]:
    client.reset()
    await call
    return client.written, client.read, sum(client.calls.values())


async def test_many_requests_make_none_of_them_dearer(store: DynamoStore, client: MeteredClient) -> None:
    async def costs() -> list[tuple[float, float, int]]:
        latest = make_request(requester_id="u2")
        await live(store, latest)
        calls: tuple[Awaitable[object], ...] = (
            store.open_of(HERE, "u1"),
            store.open_requests(),
            store.undelivered(NOW),
            store.last_accepted_at(HERE, "u1"),
            store.recent(HERE, "general", 3),
            store.channels(HERE),
            store.request(latest.id),
            store.samples(latest.id),
            store.group(latest.id),
            store.story(latest.id),
            store.children(latest.id),
            store.posts(latest.id),
            store.request_of_key(latest.idempotency_key),
            store.purge(HERE, NOW.replace(year=2020)),
            store.stay(),
            store.delete(latest.id),
        )
        return [await cost_of(client, call) for call in calls]

    for _ in range(5):
        await live(store, make_request())
    few = await costs()
    for _ in range(45):
        await live(store, make_request())
    assert await costs() == few
