"""Requests from accepted to ended, and their samples."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from backends.store.record_values import read_request, request_values
from backends.store.records import Accepted, Outcome, RequestRecord, SampleRecord, Usage
from backends.store.sqlite_database import Database, SqlValues, Transaction
from backends.store.sqlite_rows import read_sample, sample_values
from backends.store.values import hour_of, notes_value, read_time, time_value
from config.workspace import WorkspaceRef

_OPEN = "status IN ('accepted', 'running')"
"""Word for word as in the index `requests_open`, else SQLite won't use it."""
_OPEN_INDEX = "INDEXED BY requests_open"
"""Left to itself SQLite reads all of a person's requests; open ones are never more than the queue takes."""

_FINISH = f"""
    UPDATE requests SET status = ?, finished_at = ?, model = coalesce(?, model), error = ?, notes = ?
    WHERE id = ? AND {_OPEN}
"""
_SAVE_SAMPLE = """
    ON CONFLICT (request_id, number) DO UPDATE SET
        seed = excluded.seed, text = excluded.text, ended = excluded.ended, stop_reason = excluded.stop_reason,
        completion_tokens = excluded.completion_tokens
"""
_SAMPLE = ":request_id, :number, :seed, :text, :ended, :stop_reason, :completion_tokens"
_SAVE_FINAL = f"INSERT INTO samples VALUES ({_SAMPLE}) {_SAVE_SAMPLE}"
_SAVE_PARTIAL = f"""
    INSERT INTO samples SELECT {_SAMPLE} WHERE EXISTS (SELECT 1 FROM requests WHERE id = :request_id AND {_OPEN})
    {_SAVE_SAMPLE}
"""
_ADD_USAGE = """
    INSERT INTO usage (front, workspace_id, hour, requests, samples, completion_tokens, busy_s)
    VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (front, workspace_id, hour) DO UPDATE SET
        requests = requests + excluded.requests, samples = samples + excluded.samples,
        completion_tokens = completion_tokens + excluded.completion_tokens, busy_s = busy_s + excluded.busy_s
"""


_NEXT_CHANNEL = "SELECT min(channel) FROM requests WHERE front = :front AND workspace_id = :id"
_CHANNELS = f"""
    WITH RECURSIVE found (channel) AS (
        {_NEXT_CHANNEL}
        UNION ALL SELECT ({_NEXT_CHANNEL} AND channel > found.channel) FROM found WHERE channel IS NOT NULL
    )
    SELECT channel FROM found WHERE channel IS NOT NULL
"""
"""From one name to the next in the index; DISTINCT would read every request."""
_STORY_SAMPLES = """
    SELECT samples.* FROM requests JOIN samples ON samples.request_id = requests.id
    WHERE requests.story_id = ?
"""


class RequestTables:
    """The part of the store that holds requests. Ids are ULIDs, so their order is the order of acceptance."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def accept(self, record: RequestRecord) -> Accepted:
        async with self._database.transaction() as transaction:
            return await _accept(transaction, record)

    async def accept_both(self, first: RequestRecord, second: RequestRecord) -> tuple[Accepted, Accepted]:
        async with self._database.transaction() as transaction:
            return await _accept(transaction, first), await _accept(transaction, second)

    async def request_of_key(self, idempotency_key: str) -> RequestRecord | None:
        rows = await self._requests("idempotency_key = ?", (idempotency_key,))
        return rows[0] if rows else None

    async def request(self, request_id: str) -> RequestRecord | None:
        rows = await self._requests("id = ?", (request_id,))
        return rows[0] if rows else None

    async def samples(self, request_id: str) -> tuple[SampleRecord, ...]:
        rows = await self._database.fetch("SELECT * FROM samples WHERE request_id = ? ORDER BY number", (request_id,))
        return tuple(read_sample(row) for row in rows)

    async def mark_running(self, request_id: str, started_at: datetime) -> None:
        await self._change(
            f"UPDATE requests SET status = 'running', started_at = coalesce(started_at, ?) WHERE id = ? AND {_OPEN}",
            (time_value(started_at), request_id),
        )

    async def set_reply(self, request_id: str, reply_ref: str) -> None:
        await self._change("UPDATE requests SET reply_ref = ? WHERE id = ?", (reply_ref, request_id))

    async def checkpoint(self, samples: Sequence[SampleRecord]) -> None:
        if not samples:
            return
        async with self._database.transaction() as transaction:
            await transaction.execute_many(_SAVE_PARTIAL, [sample_values(sample) for sample in samples])

    async def finish(self, request_id: str, outcome: Outcome, samples: Sequence[SampleRecord]) -> bool:
        values = (
            outcome.status,
            time_value(outcome.finished_at),
            outcome.model,
            outcome.error,
            notes_value(outcome.notes),
            request_id,
        )
        async with self._database.transaction() as transaction:
            if not await transaction.execute(_FINISH, values):
                return False
            await transaction.execute_many(_SAVE_FINAL, [sample_values(sample) for sample in samples])
            await _add_usage(transaction, request_id, outcome, samples)
        return True

    async def open_requests(self) -> tuple[RequestRecord, ...]:
        return await self._requests(f"{_OPEN} ORDER BY id", from_index=_OPEN_INDEX)

    async def undelivered(self, since: datetime) -> tuple[RequestRecord, ...]:
        return await self._requests(
            "delivered = 0 AND finished_at IS NOT NULL AND finished_at >= ? ORDER BY finished_at", (time_value(since),)
        )

    async def mark_delivered(self, request_id: str) -> None:
        await self._change("UPDATE requests SET delivered = 1 WHERE id = ?", (request_id,))

    async def open_of(self, ref: WorkspaceRef, requester_id: str) -> tuple[RequestRecord, ...]:
        return await self._requests(
            f"front = ? AND workspace_id = ? AND requester_id = ? AND {_OPEN} ORDER BY id",
            (ref.front, ref.id, requester_id),
            from_index=_OPEN_INDEX,
        )

    async def last_accepted_at(self, ref: WorkspaceRef, requester_id: str) -> datetime | None:
        rows = await self._database.fetch(
            "SELECT created_at FROM requests WHERE front = ? AND workspace_id = ? AND requester_id = ? "
            "ORDER BY id DESC LIMIT 1",
            (ref.front, ref.id, requester_id),
        )
        return read_time(rows[0]["created_at"]) if rows else None

    async def group(self, group_id: str) -> tuple[RequestRecord, ...]:
        return await self._requests("group_id = ? ORDER BY id", (group_id,))

    async def children(self, request_id: str) -> tuple[RequestRecord, ...]:
        return await self._requests("parent_id = ? ORDER BY id", (request_id,))

    async def story(self, story_id: str) -> tuple[RequestRecord, ...]:
        return await self._requests("story_id = ? ORDER BY id", (story_id,))

    async def story_samples(self, story_id: str) -> tuple[SampleRecord, ...]:
        rows = await self._database.fetch(_STORY_SAMPLES, (story_id,))
        return tuple(sorted(map(read_sample, rows), key=lambda sample: (sample.request_id, sample.index)))

    async def recent(
        self, ref: WorkspaceRef, channel: str, limit: int, before: str | None = None
    ) -> tuple[RequestRecord, ...]:
        older, values = ("", ()) if before is None else ("AND id < ?", (before,))
        latest_first = await self._requests(
            f"front = ? AND workspace_id = ? AND channel = ? {older} ORDER BY id DESC LIMIT ?",
            (ref.front, ref.id, channel, *values, max(limit, 0)),
        )
        return latest_first[::-1]

    async def channels(self, ref: WorkspaceRef) -> tuple[str, ...]:
        rows = await self._database.fetch(_CHANNELS, {"front": ref.front, "id": ref.id})
        return tuple(row["channel"] for row in rows)

    async def withdraw(self, request_id: str, withdrawn: bool) -> None:
        await self._change("UPDATE requests SET withdrawn = ? WHERE id = ?", (withdrawn, request_id))

    async def delete(self, request_id: str) -> bool:
        return await self._erase("id = ?", (request_id,)) > 0

    async def purge(self, ref: WorkspaceRef, before: datetime) -> int:
        return await self._erase(
            f"front = ? AND workspace_id = ? AND created_at < ? AND NOT ({_OPEN})",
            (ref.front, ref.id, time_value(before)),
        )

    async def _requests(self, where: str, values: SqlValues = (), from_index: str = "") -> tuple[RequestRecord, ...]:
        rows = await self._database.fetch(f"SELECT * FROM requests {from_index} WHERE {where}", values)
        return tuple(read_request(dict(row)) for row in rows)

    async def _change(self, sql: str, values: SqlValues) -> None:
        async with self._database.transaction() as transaction:
            await transaction.execute(sql, values)

    async def _erase(self, where: str, values: SqlValues) -> int:
        """Delete requests, and by the foreign key their samples; returns how many requests."""
        async with self._database.transaction() as transaction:
            erased = await transaction.execute(f"DELETE FROM requests WHERE {where}", values)
        if erased:
            await self._database.scrub()
        return erased


async def _accept(transaction: Transaction, record: RequestRecord) -> Accepted:
    values = request_values(record)
    if await transaction.execute(_insert(values), values):
        return Accepted(record, True)
    (row,) = await transaction.fetch("SELECT * FROM requests WHERE idempotency_key = ?", (record.idempotency_key,))
    return Accepted(read_request(dict(row)), False)


def _insert(columns: Collection[str]) -> str:
    return f"""
        INSERT INTO requests ({", ".join(columns)}) VALUES ({", ".join(f":{column}" for column in columns)})
        ON CONFLICT (idempotency_key) DO NOTHING
    """


async def _add_usage(
    transaction: Transaction, request_id: str, outcome: Outcome, samples: Sequence[SampleRecord]
) -> None:
    (row,) = await transaction.fetch("SELECT front, workspace_id, started_at FROM requests WHERE id = ?", (request_id,))
    started_at = None if row["started_at"] is None else read_time(row["started_at"])
    added = Usage.of(started_at, outcome, samples)
    place = (row["front"], row["workspace_id"], hour_of(outcome.finished_at))
    await transaction.execute(
        _ADD_USAGE, (*place, added.requests, added.samples, added.completion_tokens, added.busy_s)
    )
