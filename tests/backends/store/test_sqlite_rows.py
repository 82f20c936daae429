"""Rows that another version wrote."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from backends.store.protocol import StoreFailed
from backends.store.sqlite import SqliteStore
from backends.store.sqlite_database import Database, SqlValues
from config.errors import InvalidSettings
from config.sampling import SamplingOptions, SamplingOverrides
from config.workspace import WorkspaceSettings
from tests.fakes.records import HERE, make_entry, make_request


@pytest.fixture
async def database() -> AsyncIterator[Database]:
    database = await Database.open(None)
    yield database
    await database.aclose()


@pytest.fixture
def store(database: Database) -> SqliteStore:
    return SqliteStore(database)


async def change(database: Database, sql: str, values: SqlValues) -> None:
    async with database.transaction() as transaction:
        assert await transaction.execute(sql, values) == 1


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ("{}", SamplingOptions()),
        ('{"seed":5,"length":7}', SamplingOptions(seed=5, length=7)),
        ('{"seed":5,"mirostat":2}', SamplingOptions(seed=5)),
    ],
    ids=["no options", "fewer options", "an option of the future"],
)
async def test_options_of_another_version(
    database: Database, store: SqliteStore, stored: str, read: SamplingOptions
) -> None:
    record = make_request()
    await store.accept(record)
    await change(database, "UPDATE requests SET options = ?, baseline = ?", (stored, stored))
    (found,) = await store.open_requests()
    assert (found.options, found.baseline) == (read, read)


async def test_an_option_out_of_bounds_is_told(database: Database, store: SqliteStore) -> None:
    await store.accept(make_request())
    await change(database, "UPDATE requests SET options = ?", ('{"length":0}',))
    with pytest.raises(StoreFailed, match=r"^I can't read a saved length; it was made by another version of me\.$"):
        await store.open_requests()


async def test_preset_of_another_version(database: Database, store: SqliteStore) -> None:
    await store.save_preset(HERE, "u1", "calm", SamplingOverrides(temperature=0.5))
    await change(database, "UPDATE presets SET overrides = ?", ('{"top_k":3,"mirostat":2}',))
    assert (await store.presets(HERE, "u1"))["calm"] == SamplingOverrides(top_k=3)


@pytest.mark.parametrize(
    ("stored", "place"),
    [
        ('{"moderation":"strict"}', "moderation"),
        ('{"access":{"quiet_hours":[1]}}', "access.quiet_hours"),
        ('{"regenerate_by":"moderators"}', "regenerate_by"),
        ("{", "them"),
    ],
)
async def test_settings_of_a_newer_version(database: Database, store: SqliteStore, stored: str, place: str) -> None:
    await store.save_workspace(HERE, WorkspaceSettings(), 0, make_entry())
    await change(database, "UPDATE workspaces SET settings = ?", (stored,))
    with pytest.raises(InvalidSettings) as caught:
        await store.workspace(HERE)
    sentence = f"The settings saved for discord:server-1 come from a newer Inkling: I can't read {place}; update me."
    assert caught.value.sentence == sentence


async def test_settings_that_were_not_changed_are_not_written(database: Database, store: SqliteStore) -> None:
    """So that an older Inkling can read them."""
    await store.save_workspace(HERE, WorkspaceSettings(cooldown_s=5), 0, make_entry())
    (row,) = await database.fetch("SELECT settings FROM workspaces")
    assert row["settings"] == '{"cooldown_s":5.0}'
