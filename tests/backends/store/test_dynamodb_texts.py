"""Text of any length, in items of at most 400 KB."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from backends.store.dynamodb.store import DynamoStore
from config.workspace import ChannelSettings, WorkspaceSettings
from tests.backends.store.contract_requests import accepted, ended
from tests.fakes.dynamo_tables import items_at, new_table, store_at
from tests.fakes.records import HERE, make_entry, make_finished_sample, make_outcome, make_request, make_sample

LONG = "🖋" * 100_000
"""As many characters as a prompt may have, in as many bytes as they can take."""
INLINE, IN_PIECES = "a" * 8_000, "a" * 8_001


@pytest.fixture
def table(url: str) -> str:
    return new_table(url)


@pytest.fixture
async def store(url: str, table: str) -> AsyncIterator[DynamoStore]:
    async with store_at(url, table) as store:
        yield store


async def test_a_story_of_long_prompts_and_texts_comes_back(store: DynamoStore) -> None:
    first = await accepted(store, prompt=LONG)
    second = await accepted(store, prompt=LONG[::-1] + "b", story_id=first.id, origin_id=first.id)
    for record in (first, second):
        samples = tuple(make_finished_sample(record, index, text=f"{index}" + LONG[:50_000]) for index in range(8))
        assert await store.finish(record.id, make_outcome(), samples)
        assert await store.samples(record.id) == samples
    assert [record.prompt for record in await store.story(first.id)] == [first.prompt, second.prompt]
    assert len(await store.story_samples(first.id)) == 16
    assert await store.recent(HERE, "general", 10) == await store.story(first.id)
    assert (await store.request_of_key(first.idempotency_key)) == (await store.request(first.id))


@pytest.mark.parametrize("text", ["", INLINE, IN_PIECES, "é" * 4_000, "é" * 4_001, "\x00" * 80_000])
async def test_text_of_every_length_comes_back(store: DynamoStore, text: str) -> None:
    record = await accepted(store, prompt=text)
    assert (await store.open_requests()) == (record,)
    sample = make_finished_sample(record, text=text)
    await store.checkpoint([replace(sample, end=None)])
    assert await store.samples(record.id) == (replace(sample, end=None),)
    await store.finish(record.id, make_outcome(), [sample])
    assert await store.samples(record.id) == (sample,)


async def test_text_that_was_replaced_or_erased_is_not_kept(store: DynamoStore, url: str, table: str) -> None:
    record = await accepted(store, prompt=IN_PIECES)
    for version in ("first", "second", "third"):
        await store.checkpoint([make_sample(record, index, text=version + IN_PIECES) for index in range(2)])
    texts = [item["text"] for item in items_at(url, table) if item["sk"].startswith("text#")]
    assert sorted(texts) == [IN_PIECES, *["third" + IN_PIECES] * 2]
    await store.finish(record.id, make_outcome(), [make_finished_sample(record, text="short")])
    texts = [item["text"] for item in items_at(url, table) if item["sk"].startswith("text#")]
    assert sorted(texts) == [IN_PIECES, "third" + IN_PIECES]
    late = [make_sample(record, text="late" + IN_PIECES)]
    await store.checkpoint(late)
    await store.delete(record.id)
    await store.checkpoint(late)
    assert not await store.finish(record.id, make_outcome(), [make_finished_sample(record, text=IN_PIECES)])
    assert not [item for item in items_at(url, table) if item["sk"].startswith("text#")]


async def test_who_reads_while_text_is_replaced_finds_one_version(store: DynamoStore) -> None:
    record = await accepted(store)
    versions = [f"{number}" * 10_000 for number in range(10)]
    await store.checkpoint([make_sample(record, text=versions[0])])

    async def write() -> None:
        for version in versions:
            await store.checkpoint([make_sample(record, text=version)])

    async def read() -> set[str]:
        return {sample.text for _ in range(20) for sample in await store.samples(record.id)}

    _, *found = await asyncio.gather(write(), *(read() for _ in range(4)))
    assert set.union(*found) <= set(versions)


async def test_the_same_key_twice_leaves_one_prompt(store: DynamoStore, url: str, table: str) -> None:
    records = [make_request(idempotency_key="one event", prompt=f"{n}" * 10_000) for n in range(8)]
    answers = await asyncio.gather(*(store.accept(record) for record in records))
    (created,) = [answer.record for answer in answers if answer.created]
    left = items_at(url, table)
    assert [item["text"] for item in left if item["sk"].startswith("text#")] == [created.prompt]
    assert {item["id"] for item in left if "id" in item} == {created.id}


async def test_settings_may_be_longer_than_an_item(store: DynamoStore, url: str, table: str) -> None:
    words = tuple(f"{number:03}" + "🖋" * 197 for number in range(500))
    channels = {f"channel-{number}": ChannelSettings(model="m" * 100) for number in range(500)}
    long = WorkspaceSettings(word_filter=words, channels=channels)
    for version in range(2):
        await store.save_workspace(HERE, long, version, make_entry())
        assert (await store.workspace(HERE)).settings == long
    assert len([item for item in items_at(url, table) if item["sk"].startswith("text#")]) == 3
    await store.save_workspace(HERE, WorkspaceSettings(), 2, make_entry())
    assert not [item for item in items_at(url, table) if item["sk"].startswith("text#")]


async def test_erased_means_that_nothing_is_left(store: DynamoStore, url: str, table: str) -> None:
    """Of what happened there, nothing; of other places, everything."""
    empty = items_at(url, table)
    record = await ended(store, prompt=LONG)
    child = await accepted(store, group_id=record.id, story_id=record.id)
    await store.checkpoint([make_sample(child, text=IN_PIECES)])
    await store.vote(record.id, "u2", True)
    await store.vote(child.id, "u2", True)
    await store.vote(child.id, "u3", True)
    await store.save_workspace(HERE, WorkspaceSettings(), 0, make_entry())
    await store.erase_workspace(HERE)
    assert items_at(url, table) == empty
