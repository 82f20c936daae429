"""Finding requests by person, channel and what they were made from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from backends.store.dynamodb.attributes import Item
from backends.store.dynamodb.entries import Entry
from backends.store.dynamodb.keys import joined, made_pk, workspace_pk
from backends.store.dynamodb.part import Part
from backends.store.dynamodb.table import AFTER_ALL
from backends.store.records import RequestRecord, SampleRecord
from backends.store.values import read_time
from config.workspace import WorkspaceRef

_LAST_FEW = 3
_PAGE = 50
_AFTER_IDS = "$"
"""Comes after the # before an id, and before everything a name can go on with."""


class FindingPart(Part):
    async def last_accepted_at(self, ref: WorkspaceRef, requester_id: str) -> datetime | None:
        return await self._run(self._last_accepted_at, ref, requester_id)

    async def group(self, group_id: str) -> tuple[RequestRecord, ...]:
        return await self._run(self._related, group_id, "group")

    async def children(self, request_id: str) -> tuple[RequestRecord, ...]:
        return await self._run(self._related, request_id, "child")

    async def story(self, story_id: str) -> tuple[RequestRecord, ...]:
        return await self._run(self._related, story_id, "story")

    async def story_samples(self, story_id: str) -> tuple[SampleRecord, ...]:
        return await self._run(self._story_samples, story_id)

    async def recent(
        self, ref: WorkspaceRef, channel: str, limit: int, before: str | None = None
    ) -> tuple[RequestRecord, ...]:
        return await self._run(self._recent, ref, channel, limit, before)

    async def channels(self, ref: WorkspaceRef) -> tuple[str, ...]:
        return await self._run(self._channels, ref)

    async def requests_of(self, ref: WorkspaceRef, user_id: str) -> tuple[RequestRecord, ...]:
        return await self._run(self._requests_of, ref, user_id)

    def _last_accepted_at(self, ref: WorkspaceRef, requester_id: str) -> datetime | None:
        prefix = person_prefix(requester_id)
        pages = self._table.pages(workspace_pk(ref), prefix, f"{prefix}{AFTER_ALL}", newest_first=True, most=_LAST_FEW)
        items = (item for page in pages for item in self._records.items([Entry.read(each) for each in page]))
        latest = next(items, None)
        return read_time(latest["created_at"]) if latest else None

    def _related(self, request_id: str, kind: str) -> tuple[RequestRecord, ...]:
        return self._records.read_all(self._records.items(self._relatives(request_id, kind)))

    def _relatives(self, request_id: str, kind: str) -> list[Entry]:
        """Listed under it, and itself when it began what they are of."""
        own = self._records.entry(request_id) if kind != "child" else None
        began = own is not None and request_id == (own.group_id if kind == "group" else own.story_id)
        listed = self._records.listed(made_pk(request_id), f"{kind}#")
        return [own, *listed] if own is not None and began else listed

    def _story_samples(self, story_id: str) -> tuple[SampleRecord, ...]:
        entries = sorted(self._relatives(story_id, "story"), key=lambda entry: entry.id)
        return tuple(sample for entry in entries for sample in self._records.samples(entry))

    def _recent(self, ref: WorkspaceRef, channel: str, limit: int, before: str | None) -> tuple[RequestRecord, ...]:
        prefix = channel_prefix(channel)
        last = f"{prefix}{AFTER_ALL if before is None else joined(before)}"
        found: list[Item] = []
        pages = self._table.pages(
            workspace_pk(ref), prefix, last, newest_first=True, most=min(max(limit, 1), _PAGE) + 1
        )
        while len(found) < limit and (page := next(pages, None)) is not None:
            found += self._records.items([Entry.read(each) for each in page if each["id"] != before])
        return self._records.read_all(found[: max(limit, 0)])

    def _channels(self, ref: WorkspaceRef) -> tuple[str, ...]:
        return tuple(sorted(channel for channel in self._listed_channels(ref) if self._holds_any(ref, channel)))

    def _listed_channels(self, ref: WorkspaceRef) -> Iterator[str]:
        """From one name to the next: reading every entry would cost more with every request."""
        start = "request#"
        while page := next(self._table.pages(workspace_pk(ref), start, f"request#{AFTER_ALL}", most=1)):
            channel = Entry.read(page[0]).channel
            yield channel
            start = f"request#{joined(channel)}{_AFTER_IDS}"

    def _holds_any(self, ref: WorkspaceRef, channel: str) -> bool:
        prefix = channel_prefix(channel)
        pages = self._table.pages(workspace_pk(ref), prefix, f"{prefix}{AFTER_ALL}", most=_LAST_FEW)
        return any(self._records.items([Entry.read(each) for each in page]) for page in pages)

    def _requests_of(self, ref: WorkspaceRef, user_id: str) -> tuple[RequestRecord, ...]:
        entries = self._records.listed(workspace_pk(ref), person_prefix(user_id))
        return self._records.read_all(self._records.items(entries))


def channel_prefix(channel: str) -> str:
    return f"request#{joined(channel)}#"


def person_prefix(user_id: str) -> str:
    return f"person#{joined(user_id)}#"
