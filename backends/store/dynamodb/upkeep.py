"""Erasing single requests, old ones, and whole workspaces."""

from __future__ import annotations

from datetime import datetime, timedelta

from ulid import ULID

from backends.store.dynamodb.attributes import Item
from backends.store.dynamodb.entries import Entry
from backends.store.dynamodb.finding import FindingPart, channel_prefix
from backends.store.dynamodb.keys import joined, workspace_key, workspace_pk
from backends.store.dynamodb.records import is_open
from backends.store.dynamodb.table import key_of
from backends.store.values import time_value
from config.workspace import WorkspaceRef

_ID_SLACK = timedelta(days=1)
"""An id holds the time at which its request was accepted, but for a clock that was set meanwhile."""
_OF_REQUESTS = ("request#", "person#")


class UpkeepPart(FindingPart):
    async def delete(self, request_id: str) -> bool:
        return await self._run(self._delete, request_id)

    async def purge(self, ref: WorkspaceRef, before: datetime) -> int:
        return await self._erase_all(await self._run(self._old, ref, before))

    async def erase_workspace(self, ref: WorkspaceRef) -> int:
        erased = await self._erase_all(await self._run(self._records.listed, workspace_pk(ref), "request#"))
        await self._run(self._erase_rest, ref)
        return erased

    def _delete(self, request_id: str) -> bool:
        entry = self._records.entry(request_id)
        return entry is not None and self._eraser.erase(entry)

    def _old(self, ref: WorkspaceRef, before: datetime) -> list[Entry]:
        """Of what ended and was accepted before then, and of accepts that were interrupted."""
        last_id, old = str(ULID.from_datetime(before + _ID_SLACK)), []
        for channel in self._listed_channels(ref):
            prefix = channel_prefix(channel)
            for page in self._table.pages(workspace_pk(ref), prefix, f"{prefix}{joined(last_id)}"):
                entries = [Entry.read(each) for each in page]
                items = {item["id"]: item for item in self._records.items(entries)}
                old += [entry for entry in entries if _is_old(items.get(entry.id), time_value(before))]
        return old

    def _erase_rest(self, ref: WorkspaceRef) -> None:
        """All but the entries of what is accepted just now."""
        listed = self._table.all_of(workspace_pk(ref), only=("pk", "sk"))
        self._table.delete_many(key_of(item) for item in listed if not item["sk"].startswith(_OF_REQUESTS))
        self._table.delete(workspace_key(ref))


def _is_old(item: Item | None, before: int) -> bool:
    return item is None or (item["created_at"] < before and not is_open(item))
