"""What belongs to one person: presets, and everything that /forget-me shows and erases."""

from __future__ import annotations

from collections.abc import Mapping

from backends.store.record_values import read_request
from backends.store.records import RequestRecord
from backends.store.sqlite_database import Database
from backends.store.values import ERASED, overrides_value, read_overrides
from config.sampling import SamplingOverrides
from config.workspace import WorkspaceRef

_SAVE_PRESET = """
    INSERT INTO presets (front, workspace_id, user_id, name, overrides) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (front, workspace_id, user_id, name) DO UPDATE SET overrides = excluded.overrides
"""
_ERASE_VOTES = """
    DELETE FROM votes WHERE user_id = ?3 AND request_id IN (
        SELECT votes.request_id FROM votes JOIN requests ON requests.id = votes.request_id
        WHERE votes.user_id = ?3 AND requests.front = ?1 AND requests.workspace_id = ?2
    )
"""
_MINE = "front = ? AND workspace_id = ? AND user_id = ?"


class PeopleTables:
    """The part of the store that holds people's own things."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def presets(self, ref: WorkspaceRef, user_id: str) -> Mapping[str, SamplingOverrides]:
        rows = await self._database.fetch(
            f"SELECT name, overrides FROM presets WHERE {_MINE} ORDER BY name", (ref.front, ref.id, user_id)
        )
        return {row["name"]: read_overrides(row["overrides"]) for row in rows}

    async def save_preset(self, ref: WorkspaceRef, user_id: str, name: str, overrides: SamplingOverrides) -> None:
        async with self._database.transaction() as transaction:
            values = (ref.front, ref.id, user_id, name, overrides_value(overrides))
            await transaction.execute(_SAVE_PRESET, values)

    async def delete_preset(self, ref: WorkspaceRef, user_id: str, name: str) -> bool:
        async with self._database.transaction() as transaction:
            values = (ref.front, ref.id, user_id, name)
            return await transaction.execute(f"DELETE FROM presets WHERE {_MINE} AND name = ?", values) > 0

    async def requests_of(self, ref: WorkspaceRef, user_id: str) -> tuple[RequestRecord, ...]:
        rows = await self._database.fetch(
            "SELECT * FROM requests WHERE front = ? AND workspace_id = ? AND requester_id = ? ORDER BY id",
            (ref.front, ref.id, user_id),
        )
        return tuple(read_request(dict(row)) for row in rows)

    async def erase_user(self, ref: WorkspaceRef, user_id: str) -> int:
        person = (ref.front, ref.id, user_id)
        async with self._database.transaction() as transaction:
            erased = await transaction.execute(
                "DELETE FROM requests WHERE front = ? AND workspace_id = ? AND requester_id = ?", person
            )
            await transaction.execute(f"DELETE FROM presets WHERE {_MINE}", person)
            await transaction.execute(_ERASE_VOTES, person)
            await transaction.execute(
                "UPDATE audit SET actor_id = ?, actor_name = ? WHERE front = ? AND workspace_id = ? AND actor_id = ?",
                (ERASED, ERASED, *person),
            )
        await self._database.scrub()
        return erased
