"""Settings of workspaces, each change with its audit entry."""

from __future__ import annotations

from backends.store.protocol import SettingsChanged
from backends.store.records import AuditEntry, StoredSettings
from backends.store.sqlite_database import Database, Transaction
from backends.store.sqlite_rows import read_audit_entry, read_workspace
from backends.store.values import read_settings, settings_value, time_value
from config.workspace import WorkspaceRef, WorkspaceSettings

_VERSION = "SELECT version FROM workspaces WHERE front = ? AND workspace_id = ?"
_SAVE = """
    INSERT INTO workspaces (front, workspace_id, settings, version) VALUES (?, ?, ?, ?)
    ON CONFLICT (front, workspace_id) DO UPDATE SET settings = excluded.settings, version = excluded.version
"""
_ADD_ENTRY = "INSERT INTO audit (front, workspace_id, at, actor_id, actor_name, action) VALUES (?, ?, ?, ?, ?, ?)"


class SettingsTables:
    """The part of the store that holds settings."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def workspace(self, ref: WorkspaceRef) -> StoredSettings:
        rows = await self._database.fetch(
            "SELECT settings, version FROM workspaces WHERE front = ? AND workspace_id = ?", (ref.front, ref.id)
        )
        if not rows:
            return StoredSettings(WorkspaceSettings(), 0)
        return StoredSettings(read_settings(ref, rows[0]["settings"]), rows[0]["version"])

    async def save_workspace(
        self, ref: WorkspaceRef, settings: WorkspaceSettings, expected_version: int, entry: AuditEntry
    ) -> int:
        async with self._database.transaction() as transaction:
            await _check_version(transaction, ref, expected_version)
            version = expected_version + 1
            await transaction.execute(_SAVE, (ref.front, ref.id, settings_value(settings), version))
            await transaction.execute(
                _ADD_ENTRY,
                (ref.front, ref.id, time_value(entry.at), entry.actor_id, entry.actor_name, entry.action),
            )
        return version

    async def audit(self, ref: WorkspaceRef, limit: int) -> tuple[AuditEntry, ...]:
        rows = await self._database.fetch(
            "SELECT * FROM audit WHERE front = ? AND workspace_id = ? ORDER BY number DESC LIMIT ?",
            (ref.front, ref.id, max(limit, 0)),
        )
        return tuple(read_audit_entry(row) for row in rows)

    async def workspaces(self) -> tuple[WorkspaceRef, ...]:
        rows = await self._database.fetch("SELECT front, workspace_id FROM workspaces ORDER BY front, workspace_id")
        return tuple(read_workspace(row) for row in rows)


async def _check_version(transaction: Transaction, ref: WorkspaceRef, expected: int) -> None:
    rows = await transaction.fetch(_VERSION, (ref.front, ref.id))
    found = rows[0]["version"] if rows else 0
    if found != expected:
        raise SettingsChanged("Somebody else changed the settings just now; look at them again, then repeat yours.")
