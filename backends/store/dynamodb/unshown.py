"""What is open, and what has ended and wasn't shown: one list of entries, short, and read consistently.

An index of DynamoDB's own would lag behind the table: a bot that starts might miss a request, or a person ask for one
more than allowed. An entry is there before its request and goes only when the end was shown.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from backends.store.dynamodb.attributes import Item
from backends.store.dynamodb.entries import Entry
from backends.store.dynamodb.keys import UNSHOWN, joined, usage_sk, workspace_pk
from backends.store.dynamodb.part import Part
from backends.store.dynamodb.records import is_open, kept
from backends.store.dynamodb.settling import ENDED_AT, settle
from backends.store.dynamodb.table import AFTER_ALL, Refused
from backends.store.dynamodb.usage_items import sum_usage
from backends.store.records import RequestRecord, Usage
from backends.store.values import hour_of, time_value
from config.workspace import WorkspaceRef


class UnshownPart(Part):
    async def open_requests(self) -> tuple[RequestRecord, ...]:
        return await self._run(self._open_requests)

    async def open_of(self, ref: WorkspaceRef, requester_id: str) -> tuple[RequestRecord, ...]:
        return await self._run(self._open_of, ref, requester_id)

    async def undelivered(self, since: datetime) -> tuple[RequestRecord, ...]:
        return await self._run(self._undelivered, time_value(since))

    async def mark_delivered(self, request_id: str) -> None:
        await self._run(self._mark_delivered, request_id)

    async def usage(self, ref: WorkspaceRef, since: datetime) -> Usage:
        return await self._run(self._usage, ref, hour_of(since))

    def _open_requests(self) -> tuple[RequestRecord, ...]:
        return self._records.read_all(self._settle_all())

    def _open_of(self, ref: WorkspaceRef, requester_id: str) -> tuple[RequestRecord, ...]:
        listed = self._table.all_of(UNSHOWN, f"{joined(ref.front, ref.id, requester_id)}#")
        items = self._records.items([Entry.read(item) for item in listed if ENDED_AT not in item])
        return self._records.read_all([item for item in items if is_open(item)])

    def _undelivered(self, since: int) -> tuple[RequestRecord, ...]:
        self._settle_all()
        listed = self._table.all_of(UNSHOWN)
        items = self._records.items([Entry.read(item) for item in listed if item.get(ENDED_AT, since - 1) >= since])
        records = self._records.read_all([item for item in items if not item.get("delivered")])
        return tuple(sorted(records, key=lambda record: (record.finished_at, record.id)))

    def _settle_all(self) -> list[Item]:
        """Do what processes that died left undone after an end or in an accept; the items of what is open."""
        entries = [Entry.read(item) for item in self._table.all_of(UNSHOWN) if ENDED_AT not in item]
        found = {item["id"]: item for item in self._records.items(entries)}
        for entry in entries:
            item = found.get(entry.id)
            if item is None:
                self._eraser.erase(entry)
            elif not is_open(item):
                settle(self._table, entry, item)
        return [item for item in found.values() if is_open(item)]

    def _mark_delivered(self, request_id: str) -> None:
        entry = self._records.entry(request_id)
        if entry is None:
            return
        with suppress(Refused):
            was = self._table.change(entry.record_key, {"delivered": True}, kept(entry))
            if not is_open(was):
                self._table.delete(entry.unshown)

    def _usage(self, ref: WorkspaceRef, hour: int) -> Usage:
        self._settle_all()
        pages = self._table.pages(workspace_pk(ref), usage_sk(hour), f"usage#{AFTER_ALL}")
        return sum_usage(item for page in pages for item in page)
