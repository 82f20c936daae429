"""Finding requests: from an id or a list to the items behind it, from items to records."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from threading import Lock
from typing import Any

from backends.store.dynamodb.attributes import Item
from backends.store.dynamodb.entries import Entry
from backends.store.dynamodb.expressions import Condition
from backends.store.dynamodb.keys import pointer_key
from backends.store.dynamodb.record_items import read_record, read_sample, sample_values
from backends.store.dynamodb.table import Key, Table
from backends.store.dynamodb.texts import TextGone, Texts
from backends.store.protocol import StoreFailed
from backends.store.records import RequestRecord, SampleRecord

_REMEMBERED = 10_000
"""Entries kept in memory: they never change, and each saves a call."""
_READ_TRIES = 20


class Records:
    def __init__(self, table: Table, texts: Texts) -> None:
        self._table = table
        self._texts = texts
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._lock = Lock()

    def remember(self, entry: Entry) -> None:
        with self._lock:
            self._entries[entry.id] = entry
            if len(self._entries) > _REMEMBERED:
                self._entries.popitem(last=False)

    def entry(self, request_id: str) -> Entry | None:
        """Of a request that may have been erased."""
        known = self._entries.get(request_id)
        if known is None and (pointer := self._table.get(pointer_key(request_id))) is not None:
            known = Entry.read(pointer)
            self.remember(known)
        return known

    def item(self, entry: Entry) -> Item | None:
        """Its record's, if it is kept: an interrupted or late accept leaves entries without one."""
        item = self._table.get(entry.record_key)
        return item if item is not None and item.get("id") == entry.id else None

    def items(self, entries: Sequence[Entry]) -> list[Item]:
        """Those that are kept, in the order of the entries."""
        found = self._table.get_many(entry.record_key for entry in entries)
        items = (found.get(entry.record_key, {}) for entry in entries)
        return [item for entry, item in zip(entries, items, strict=True) if item.get("id") == entry.id]

    def listed(self, pk: str, prefix: str) -> list[Entry]:
        return [Entry.read(item) for item in self._table.all_of(pk, prefix)]

    def at(self, key: Key, request_id: str | None = None) -> RequestRecord | None:
        """What is kept under an idempotency key, if it is that request."""
        for item in self._again(key):
            if item is None or request_id not in (None, item["id"]):
                return None
            with suppress(TextGone):
                return read_record(item, self._texts.read(item["prompt"]))
        raise _torn()

    def read_all(self, items: Sequence[Mapping[str, Any]]) -> tuple[RequestRecord, ...]:
        """Those that weren't erased meanwhile, by id."""
        prompts = self._texts.read_many([item["prompt"] for item in items])
        pairs = zip(items, prompts, strict=True)
        return tuple(sorted((read_record(item, text) for item, text in pairs if text is not None), key=lambda r: r.id))

    def samples(self, entry: Entry) -> tuple[SampleRecord, ...]:
        """By index."""
        for item in self._again(entry.record_key):
            if item is None or item["id"] != entry.id:
                return ()
            values = sample_values(item)
            with suppress(TextGone):
                return tuple(read_sample(entry.id, value, self._texts.read(value["text"])) for value in values)
        raise _torn()

    def _again(self, key: Key) -> Iterator[Item | None]:
        """What lies there, read anew each time: a checkpoint or an eraser may replace text while it is read."""
        return (self._table.get(key) for _ in range(_READ_TRIES))


def kept(entry: Entry) -> Condition:
    return Condition("#id = :id", {"id": entry.id})


def still_open(entry: Entry) -> Condition:
    return Condition(
        "#id = :id AND #status IN (:accepted, :running)",
        {"id": entry.id, "accepted": "accepted", "running": "running"},
    )


def is_open(item: Mapping[str, Any]) -> bool:
    return item["status"] in ("accepted", "running")


def _torn() -> StoreFailed:
    return StoreFailed("I can't read a saved text; a part of it is missing.")
