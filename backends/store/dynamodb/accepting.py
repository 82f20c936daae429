"""Accepting a request: its entries and long prompt first, then, in one conditional write, the request itself.

A request lies under its idempotency key, so of many with one key one is written, with no transaction; two that belong
together are written in one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ulid import ULID

from backends.store.dynamodb.attributes import Item
from backends.store.dynamodb.entries import Entry
from backends.store.dynamodb.expressions import NEW
from backends.store.dynamodb.keys import hashed, record_key
from backends.store.dynamodb.part import Part
from backends.store.dynamodb.record_items import record_item
from backends.store.dynamodb.table import Refused
from backends.store.records import Accepted, RequestRecord

PROMPT_IN_RECORD = 2_000
"""Bytes. A record is written about ten times, its prompt's pieces once."""


class Laid(NamedTuple):
    """A request whose record alone is missing."""

    entry: Entry
    item: Item


class AcceptingPart(Part):
    async def accept(self, record: RequestRecord) -> Accepted:
        return await self._run(self._accept, record)

    async def accept_both(self, first: RequestRecord, second: RequestRecord) -> tuple[Accepted, Accepted]:
        return await self._run(self._accept_both, first, second)

    async def request_of_key(self, idempotency_key: str) -> RequestRecord | None:
        return await self._run(self._records.at, record_key(hashed(idempotency_key)))

    def _accept(self, record: RequestRecord) -> Accepted:
        entry, item = Entry.of(record, int(self._clock())), record_item(record)
        while True:
            if (there := self._records.at(entry.record_key)) is not None:
                return Accepted(there, False)
            if self._put([self._lay_out(entry, item, record.prompt)]):
                return Accepted(record, True)

    def _accept_both(self, first: RequestRecord, second: RequestRecord) -> tuple[Accepted, Accepted]:
        laying = [(Entry.of(record, int(self._clock())), record_item(record), record) for record in (first, second)]
        while all(self._records.at(entry.record_key) is None for entry, _, _ in laying):
            laid = [self._lay_out(entry, item, record.prompt) for entry, item, record in laying]
            if self._put(laid):
                return Accepted(first, True), Accepted(second, True)
        # One was known before, and is complete; the other then stands for itself.
        return self._accept(first), self._accept(second)

    def _lay_out(self, entry: Entry, item: Item, prompt: str) -> Laid:
        """What a record refers to; the record itself, to be put."""
        self._table.put_many(dict.fromkeys(entry.places, entry.item))
        kept = self._texts.keep(entry.pointer.pk, prompt, PROMPT_IN_RECORD)
        return Laid(entry, {**item, "prompt": kept, "claim": str(ULID()), "bot": self._bot})

    def _put(self, laid: Sequence[Laid]) -> bool:
        """All of them or none, which are then taken back."""
        try:
            self._table.put_together({each.entry.record_key: each.item for each in laid}, NEW)
        except Refused:
            there = self._table.get_many(each.entry.record_key for each in laid)
            found = [there.get(each.entry.record_key, {}) for each in laid]
            # Unless they were put, and only the answer lost.
            if any(item.get("claim") != each.item["claim"] for item, each in zip(found, laid, strict=True)):
                for item, each in zip(found, laid, strict=True):
                    self._take_back(each, is_twin=item.get("id") == each.entry.id)
                return False
        for each in laid:
            self._records.remember(each.entry)
        return True

    def _take_back(self, laid: Laid, is_twin: bool) -> None:
        """What was laid out in vain; the entries stay when the very same request was accepted by another call."""
        self._texts.drop([laid.item["prompt"]])
        if not is_twin:
            self._eraser.clear(laid.entry)
