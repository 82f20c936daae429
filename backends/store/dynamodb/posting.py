"""Which message on a platform belongs to which request, and who likes which result better."""

from __future__ import annotations

import time
from contextlib import suppress

from ulid import ULID

from backends.store.dynamodb.attributes import Item
from backends.store.dynamodb.entries import Entry
from backends.store.dynamodb.erasing import post_key, vote_key, voter_key
from backends.store.dynamodb.expressions import NEW, Condition
from backends.store.dynamodb.keys import joined, request_pk, workspace_pk
from backends.store.dynamodb.part import Part
from backends.store.dynamodb.table import Key, Refused
from backends.store.records import PostRecord
from config.workspace import WorkspaceRef


class PostingPart(Part):
    """What is added beside a request is looked at again once it is written: the request may be erased meanwhile."""

    async def save_post(self, post: PostRecord) -> None:
        await self._run(self._save_post, post)

    async def posts(self, request_id: str) -> tuple[PostRecord, ...]:
        return await self._run(self._posts, request_id)

    async def post_at(self, ref: WorkspaceRef, address: str) -> PostRecord | None:
        return await self._run(self._post_at, ref, address)

    async def vote(self, request_id: str, user_id: str, voted: bool) -> None:
        await self._run(self._vote, request_id, user_id, voted)

    async def votes(self, request_id: str) -> frozenset[str]:
        return await self._run(self._votes, request_id)

    def _save_post(self, post: PostRecord) -> None:
        entry = self._kept_entry(post.request_id)
        if entry is None:
            return
        item = {"request_id": post.request_id, "address": post.address, "sample": post.sample, "part": post.part}
        try:
            self._table.put(post_key(entry, post.address), item, NEW)
        except Refused:
            if self._post_at(entry.workspace, post.address) != post or post in self._posts(post.request_id):
                return
        order = Key(request_pk(entry.id), f"post#{time.time_ns():020}#{ULID()}")
        self._add(entry, order, item)

    def _posts(self, request_id: str) -> tuple[PostRecord, ...]:
        return tuple(map(_read_post, self._table.all_of(request_pk(request_id), "post#")))

    def _post_at(self, ref: WorkspaceRef, address: str) -> PostRecord | None:
        item = self._table.get(Key(workspace_pk(ref), f"post#{joined(address)}"))
        return _read_post(item) if item else None

    def _vote(self, request_id: str, user_id: str, voted: bool) -> None:
        entry = self._kept_entry(request_id)
        if entry is None:
            return
        item, place = {"voter": user_id, "group_id": entry.group_id}, vote_key(entry.group_id, user_id)
        # Whoever erases a person finds their votes by the voter's items, so these are there as long as votes are.
        if voted:
            self._table.put(voter_key(entry, user_id), item)
            self._add(entry, place, {**item, "request_id": request_id})
        else:
            with suppress(Refused):
                self._table.delete(place, Condition("#request_id = :it", {"it": request_id}))
                self._table.delete(voter_key(entry, user_id))

    def _votes(self, request_id: str) -> frozenset[str]:
        entry = self._records.entry(request_id)
        return frozenset(item["voter"] for item in self._eraser.votes_for(entry)) if entry is not None else frozenset()

    def _kept_entry(self, request_id: str) -> Entry | None:
        entry = self._records.entry(request_id)
        return entry if entry is not None and self._records.item(entry) is not None else None

    def _add(self, entry: Entry, key: Key, item: Item) -> None:
        self._table.put(key, item)
        if self._records.item(entry) is None:
            self._eraser.clear(entry)


def _read_post(item: Item) -> PostRecord:
    return PostRecord(item["request_id"], item["address"], item.get("sample"), item["part"])
