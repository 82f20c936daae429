"""Where a front is installed, installations that have begun, and the end of everything when one is taken back."""

from __future__ import annotations

from datetime import datetime

from backends.store.sqlite_database import Database
from backends.store.values import time_value
from config.workspace import WorkspaceRef

_SAVE = """
    INSERT INTO installations (front, workspace_id, installation) VALUES (?, ?, ?)
    ON CONFLICT (front, workspace_id) DO UPDATE SET installation = excluded.installation
"""
_HERE = "front = ? AND workspace_id = ?"
_OF_WORKSPACES = ("workspaces", "audit", "presets", "usage", "installations")
"""Beside the requests, with which their samples and posts go."""


class InstallationTables:
    """The part of the store that knows where a front may act."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save_installation(self, ref: WorkspaceRef, installation: str) -> None:
        async with self._database.transaction() as transaction:
            await transaction.execute(_SAVE, (ref.front, ref.id, installation))

    async def installation(self, ref: WorkspaceRef) -> str | None:
        rows = await self._database.fetch(f"SELECT installation FROM installations WHERE {_HERE}", (ref.front, ref.id))
        return str(rows[0]["installation"]) if rows else None

    async def delete_installation(self, ref: WorkspaceRef) -> None:
        async with self._database.transaction() as transaction:
            await transaction.execute(f"DELETE FROM installations WHERE {_HERE}", (ref.front, ref.id))
        await self._database.scrub()

    async def save_install_state(self, state: str, expires_at: datetime) -> None:
        async with self._database.transaction() as transaction:
            await transaction.execute(
                "INSERT OR REPLACE INTO install_states (state, expires_at) VALUES (?, ?)",
                (state, time_value(expires_at)),
            )

    async def take_install_state(self, state: str, now: datetime) -> bool:
        """What has expired goes at the same time, so that beginnings nobody ends don't pile up."""
        async with self._database.transaction() as transaction:
            await transaction.execute("DELETE FROM install_states WHERE expires_at <= ?", (time_value(now),))
            return await transaction.execute("DELETE FROM install_states WHERE state = ?", (state,)) > 0

    async def erase_workspace(self, ref: WorkspaceRef) -> int:
        async with self._database.transaction() as transaction:
            erased = await transaction.execute(f"DELETE FROM requests WHERE {_HERE}", (ref.front, ref.id))
            for table in _OF_WORKSPACES:
                await transaction.execute(f"DELETE FROM {table} WHERE {_HERE}", (ref.front, ref.id))
        await self._database.scrub()
        return erased
