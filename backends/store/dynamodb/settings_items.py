"""Settings of workspaces, each change with its audit entry.

An audit entry is written first, and is of the audit once the settings name it as their last change; each names the
one before it. So settings and entry are saved together, in one conditional write, and nothing is ever copied.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ulid import ULID

from backends.store.dynamodb.attributes import Item
from backends.store.dynamodb.expressions import NEW, THERE, Condition
from backends.store.dynamodb.keys import WORKSPACES, settings_key, workspace_key, workspace_pk
from backends.store.dynamodb.part import Part
from backends.store.dynamodb.table import Key, Refused, key_of
from backends.store.dynamodb.texts import TextGone
from backends.store.protocol import SettingsChanged
from backends.store.records import AuditEntry, StoredSettings
from backends.store.values import read_settings, read_time, settings_value, time_value
from config.workspace import WorkspaceRef, WorkspaceSettings

SETTINGS_IN_ITEM = 300_000
"""Bytes."""
_NOTHING: Mapping[str, Any] = {"version": 0}


class SettingsPart(Part):
    async def workspace(self, ref: WorkspaceRef) -> StoredSettings:
        return await self._run(self._workspace, ref)

    async def save_workspace(
        self, ref: WorkspaceRef, settings: WorkspaceSettings, expected_version: int, entry: AuditEntry
    ) -> int:
        return await self._run(self._save_workspace, ref, settings, expected_version, entry)

    async def audit(self, ref: WorkspaceRef, limit: int) -> tuple[AuditEntry, ...]:
        return await self._run(self._audit, ref, limit)

    async def workspaces(self) -> tuple[WorkspaceRef, ...]:
        return await self._run(self._workspaces)

    def _workspace(self, ref: WorkspaceRef) -> StoredSettings:
        while (item := self._table.get(settings_key(ref))) is not None:
            try:
                return StoredSettings(read_settings(ref, self._texts.read(item["settings"])), item["version"])
            except TextGone:
                continue  # saved anew between the two calls
        return StoredSettings(WorkspaceSettings(), 0)

    def _save_workspace(
        self, ref: WorkspaceRef, settings: WorkspaceSettings, expected_version: int, entry: AuditEntry
    ) -> int:
        there = self._table.get(settings_key(ref)) or _NOTHING
        if there["version"] != expected_version:
            raise _settings_changed()
        version = expected_version + 1
        audit = Key(workspace_pk(ref), f"audit#{version:010}#{ULID()}")
        self._table.put(audit, _audit_item(entry, there))
        self._table.put(workspace_key(ref), {"front": ref.front, "workspace_id": ref.id})
        kept = self._texts.keep(audit.pk, settings_value(settings), SETTINGS_IN_ITEM)
        item = {"settings": kept, "version": version, "last_change": audit.sk}
        if not self._replace(settings_key(ref), item, there):
            self._texts.drop([kept])
            self._table.delete(audit)
            raise _settings_changed()
        self._texts.drop([there["settings"]] if there is not _NOTHING else [])
        return version

    def _replace(self, key: Key, item: Item, there: Mapping[str, Any]) -> bool:
        same = Condition("#last_change = :seen", {"seen": there.get("last_change")})
        try:
            self._table.put(key, item, NEW if there is _NOTHING else same)
        except Refused:
            # Unless it was saved, and only the answer lost.
            return bool((self._table.get(key) or _NOTHING).get("last_change") == item["last_change"])
        return True

    def _audit(self, ref: WorkspaceRef, limit: int) -> tuple[AuditEntry, ...]:
        last = (self._table.get(settings_key(ref)) or _NOTHING).get("last_change")
        if last is None or limit <= 0:
            return ()
        changes = self._changes(ref, last)
        return tuple(entry for entry, _ in zip(changes, range(limit), strict=False))

    def _changes(self, ref: WorkspaceRef, last: str) -> Iterator[AuditEntry]:
        """Back from the last; between them may stand some that weren't saved in the end."""
        wanted: str | None = last
        for page in self._table.pages(workspace_pk(ref), "audit#", last, newest_first=True):
            for item in page:
                if item["sk"] == wanted:
                    yield AuditEntry(read_time(item["at"]), item["actor_id"], item["actor_name"], item["action"])
                    wanted = item.get("before")

    def _workspaces(self) -> tuple[WorkspaceRef, ...]:
        refs = [WorkspaceRef(item["front"], item["workspace_id"]) for item in self._table.all_of(WORKSPACES)]
        saved = self._table.get_many(map(settings_key, refs))
        return tuple(sorted((ref for ref in refs if settings_key(ref) in saved), key=lambda ref: (ref.front, ref.id)))

    def _erase_actor(self, ref: WorkspaceRef, user_id: str, erased: str) -> None:
        for item in self._table.all_of(workspace_pk(ref), "audit#"):
            if item["actor_id"] == user_id:
                try:
                    self._table.change(key_of(item), {"actor_id": erased, "actor_name": erased}, THERE)
                except Refused:
                    continue  # it was not saved in the end


def _audit_item(entry: AuditEntry, there: Mapping[str, Any]) -> Item:
    return {
        "at": time_value(entry.at),
        "actor_id": entry.actor_id,
        "actor_name": entry.actor_name,
        "action": entry.action,
        "before": there.get("last_change"),
    }


def _settings_changed() -> SettingsChanged:
    return SettingsChanged("Somebody else changed the settings just now; look at them again, then repeat yours.")
