"""Erasing a request: its record first, so that nothing can be added to it, then all that was found with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from backends.store.dynamodb.attributes import Item
from backends.store.dynamodb.entries import Entry
from backends.store.dynamodb.keys import joined, request_pk, workspace_pk
from backends.store.dynamodb.records import is_open, kept
from backends.store.dynamodb.table import Key, Refused, Table, key_of
from backends.store.dynamodb.usage_items import usage_item, usage_key

ACCEPTED_WITHIN_S = 900
"""An entry without a request is of an accept that goes on, or, when older, of one that was interrupted."""


class Eraser:
    def __init__(self, table: Table, clock: Callable[[], float]) -> None:
        self._table = table
        self._clock = clock

    def erase(self, entry: Entry) -> bool:
        """Whether there was a request, and this call took it away. What an interrupted call left goes too."""
        item = self._table.get(entry.record_key)
        if item is None or item.get("id") != entry.id:
            if entry.laid_at + ACCEPTED_WITHIN_S < self._clock():
                self.clear(entry)
            return False
        if not is_open(item):
            # Who ended it may have died before this.
            self._table.put(usage_key(entry, item), usage_item(item))
        try:
            self._table.delete(entry.record_key, kept(entry))
        except Refused:
            return False  # another call took it away, and clears
        self.clear(entry)
        return True

    def clear(self, entry: Entry) -> None:
        """Take away everything but the record."""
        beside = [each for each in self._beside(entry) if each.get("request_id", entry.id) == entry.id]
        found = {key_of(item) for item in beside} | {key for item in beside for key in _pairs(entry, item)}
        last = (entry.pointer, entry.in_channel)
        self._table.delete_many({*found, *entry.places} - set(last))
        for key in last:
            self._table.delete(key)

    def _beside(self, entry: Entry) -> list[Item]:
        """Votes for the others of the group it began are among it."""
        own = self._table.all_of(request_pk(entry.id), only=("pk", "sk", "address", "voter", "request_id"))
        return own if entry.group_id == entry.id else [*own, *self.votes_for(entry)]

    def votes_for(self, entry: Entry) -> list[Item]:
        votes = self._table.all_of(request_pk(entry.group_id), "vote#")
        return [item for item in votes if item["request_id"] == entry.id]


def _pairs(entry: Entry, item: Mapping[str, Any]) -> Iterator[Key]:
    """What belongs to an item of a request's, among those of its workspace."""
    if "address" in item:
        yield post_key(entry, item["address"])
    if "voter" in item:
        yield voter_key(entry, item["voter"])


def post_key(entry: Entry, address: str) -> Key:
    return Key(workspace_pk(entry.workspace), f"post#{joined(address)}")


def vote_key(group_id: str, user_id: str) -> Key:
    """One item for all of a group: whoever votes for another of it moves their vote."""
    return Key(request_pk(group_id), f"vote#{joined(user_id)}")


def voter_key(entry: Entry, user_id: str) -> Key:
    return Key(workspace_pk(entry.workspace), f"voter#{joined(user_id, entry.group_id)}")
