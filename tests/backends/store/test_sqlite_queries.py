"""Every statement finds its rows by an index, however many there are."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from backends.store.records import Parent
from backends.store.sqlite import SqliteStore
from backends.store.sqlite_database import Database, SqlValues, Transaction
from config.sampling import SamplingOverrides
from config.workspace import WorkspaceSettings
from tests.fakes.records import HERE, NOW, make_entry, make_finished_sample, make_outcome, make_request, make_sample

Asked = list[tuple[str, SqlValues]]


class ListeningTransaction(Transaction):
    def __init__(self, inner: Transaction, asked: Asked) -> None:
        self._inner = inner
        self._asked = asked

    async def execute(self, sql: str, values: SqlValues = ()) -> int:
        self._asked.append((sql, values))
        return await self._inner.execute(sql, values)

    async def execute_many(self, sql: str, rows: list[SqlValues]) -> None:  # type: ignore[override]
        self._asked.extend((sql, row) for row in rows)
        await self._inner.execute_many(sql, rows)

    async def fetch(self, sql: str, values: SqlValues = ()) -> list[sqlite3.Row]:
        self._asked.append((sql, values))
        return await self._inner.fetch(sql, values)


class ListeningDatabase(Database):
    """Remembers each statement."""

    asked: Asked

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        async with super().transaction() as inner:
            yield ListeningTransaction(inner, self.asked)

    async def fetch(self, sql: str, values: SqlValues = ()) -> list[sqlite3.Row]:
        self.asked.append((sql, values))
        return await super().fetch(sql, values)

    async def plan(self, sql: str, values: SqlValues) -> list[str]:
        return [row["detail"] for row in await super().fetch(f"EXPLAIN QUERY PLAN {sql}", values)]


async def call_everything(store: SqliteStore) -> None:
    record = make_request()
    child = make_request(parent=Parent(record.id, 0))
    for _ in range(2):
        await store.accept(record)
        await store.accept(child)
    await store.mark_running(record.id, NOW)
    await store.set_reply(record.id, "reply")
    await store.checkpoint([make_sample(record)])
    await store.finish(record.id, make_outcome(), [make_finished_sample(record)])
    await store.withdraw(record.id, True)
    await store.undelivered(NOW)
    await store.mark_delivered(record.id)
    await store.request_of_key(record.idempotency_key)
    await store.request(record.id)
    await store.samples(record.id)
    await store.open_requests()
    await store.open_of(HERE, "u1")
    await store.last_accepted_at(HERE, "u1")
    await store.group(record.id)
    await store.children(record.id)
    await store.vote(record.id, "u1", True)
    await store.votes(record.id)
    await store.vote(record.id, "u1", False)
    await store.story(record.story_id)
    await store.story_samples(record.story_id)
    await store.recent(HERE, "general", 10)
    await store.recent(HERE, "general", 10, before=child.id)
    await store.channels(HERE)
    await store.save_workspace(HERE, WorkspaceSettings(), 0, make_entry())
    await store.workspace(HERE)
    await store.audit(HERE, 10)
    await store.save_preset(HERE, "u1", "calm", SamplingOverrides(top_k=1))
    await store.presets(HERE, "u1")
    await store.delete_preset(HERE, "u1", "calm")
    await store.usage(HERE, NOW)
    await store.requests_of(HERE, "u1")
    await store.delete(record.id)
    await store.purge(HERE, NOW)
    await store.erase_user(HERE, "u1")


async def test_no_statement_reads_a_whole_table() -> None:
    database = await ListeningDatabase.open(None)
    database.asked = []
    await call_everything(SqliteStore(database))
    asked = dict(database.asked)
    plans = {sql: await database.plan(sql, values) for sql, values in asked.items()}
    await database.aclose()

    assert len(plans) > 25
    steps = {(sql, step) for sql, plan in plans.items() for step in plan}
    # The index of the open ones holds nothing else; what is found of the channels is one row for each.
    fine = ("SCAN CONSTANT ROW", "SCAN requests USING INDEX requests_open", "SCAN found")
    assert {(sql, step) for sql, step in steps if step.startswith("SCAN") and step not in fine} == set()
    assert {(sql, step) for sql, step in steps if "TEMP B-TREE" in step} == set()
