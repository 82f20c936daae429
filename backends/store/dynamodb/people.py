"""What belongs to one person, and the end of it."""

from __future__ import annotations

from collections.abc import Mapping

from backends.store.dynamodb.erasing import vote_key
from backends.store.dynamodb.finding import person_prefix
from backends.store.dynamodb.keys import joined, workspace_pk
from backends.store.dynamodb.settings_items import SettingsPart
from backends.store.dynamodb.table import Key, key_of
from backends.store.values import ERASED, overrides_value, read_overrides
from config.sampling import SamplingOverrides
from config.workspace import WorkspaceRef


class PeoplePart(SettingsPart):
    async def presets(self, ref: WorkspaceRef, user_id: str) -> Mapping[str, SamplingOverrides]:
        return await self._run(self._presets, ref, user_id)

    async def save_preset(self, ref: WorkspaceRef, user_id: str, name: str, overrides: SamplingOverrides) -> None:
        item = {"name": name, "overrides": overrides_value(overrides)}
        await self._run(self._table.put, _preset_key(ref, user_id, name), item)

    async def delete_preset(self, ref: WorkspaceRef, user_id: str, name: str) -> bool:
        return bool(await self._run(self._table.delete, _preset_key(ref, user_id, name)))

    async def erase_user(self, ref: WorkspaceRef, user_id: str) -> int:
        entries = await self._run(self._records.listed, workspace_pk(ref), person_prefix(user_id))
        erased = await self._erase_all(entries)
        await self._run(self._erase_beside, ref, user_id)
        return erased

    def _presets(self, ref: WorkspaceRef, user_id: str) -> Mapping[str, SamplingOverrides]:
        items = self._table.all_of(workspace_pk(ref), _preset_prefix(user_id))
        return {
            item["name"]: read_overrides(item["overrides"]) for item in sorted(items, key=lambda each: each["name"])
        }

    def _erase_beside(self, ref: WorkspaceRef, user_id: str) -> None:
        """Beside the requests: votes, presets and the name in the audit."""
        votes = self._table.all_of(workspace_pk(ref), f"voter#{joined(user_id)}#")
        self._table.delete_many(vote_key(item["group_id"], user_id) for item in votes)
        self._table.delete_many(map(key_of, votes))
        self._table.delete_many(map(key_of, self._table.all_of(workspace_pk(ref), _preset_prefix(user_id))))
        self._erase_actor(ref, user_id, ERASED)


def _preset_prefix(user_id: str) -> str:
    return f"preset#{joined(user_id)}#"


def _preset_key(ref: WorkspaceRef, user_id: str, name: str) -> Key:
    return Key(workspace_pk(ref), f"preset#{joined(user_id, name)}")
