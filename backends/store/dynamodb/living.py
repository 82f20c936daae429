"""A request from accepted to ended, and its samples: each change is one conditional write of its record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from ulid import ULID

from backends.store.dynamodb.attributes import Item
from backends.store.dynamodb.entries import Entry
from backends.store.dynamodb.expressions import Condition, Unless
from backends.store.dynamodb.part import Part
from backends.store.dynamodb.record_items import ending, sample_name, sample_value
from backends.store.dynamodb.records import kept, still_open
from backends.store.dynamodb.settling import settle
from backends.store.dynamodb.table import Refused
from backends.store.dynamodb.texts import Kept
from backends.store.dynamodb.usage_items import counts_of
from backends.store.records import Outcome, RequestRecord, SampleRecord
from backends.store.values import time_value

SAMPLE_IN_RECORD = 8_000
"""Bytes. Text in pieces is written beside its record, and so costs more; 32 samples must leave an item room."""


class LivingPart(Part):
    async def request(self, request_id: str) -> RequestRecord | None:
        return await self._run(self._request, request_id)

    async def samples(self, request_id: str) -> tuple[SampleRecord, ...]:
        return await self._run(self._samples, request_id)

    async def mark_running(self, request_id: str, started_at: datetime) -> None:
        sets = {"status": "running", "started_at": Unless(time_value(started_at))}
        await self._run(self._change, request_id, sets, still_open)

    async def set_reply(self, request_id: str, reply_ref: str) -> None:
        await self._run(self._change, request_id, {"reply_ref": reply_ref}, kept)

    async def withdraw(self, request_id: str, withdrawn: bool) -> None:
        await self._run(self._change, request_id, {"withdrawn": withdrawn}, kept)

    async def checkpoint(self, samples: Sequence[SampleRecord]) -> None:
        await self._run(self._checkpoint, samples)

    async def finish(self, request_id: str, outcome: Outcome, samples: Sequence[SampleRecord]) -> bool:
        return await self._run(self._finish, request_id, outcome, samples)

    def _request(self, request_id: str) -> RequestRecord | None:
        entry = self._records.entry(request_id)
        return self._records.at(entry.record_key, request_id) if entry else None

    def _samples(self, request_id: str) -> tuple[SampleRecord, ...]:
        entry = self._records.entry(request_id)
        return self._records.samples(entry) if entry else ()

    def _change(self, request_id: str, sets: Mapping[str, Any], condition: Callable[[Entry], Condition]) -> None:
        entry = self._records.entry(request_id)
        if entry is not None:
            with suppress(Refused):
                self._table.change(entry.record_key, sets, condition(entry))

    def _checkpoint(self, samples: Sequence[SampleRecord]) -> None:
        for request_id in dict.fromkeys(sample.request_id for sample in samples):
            entry = self._records.entry(request_id)
            if entry is not None:
                self._save(entry, [sample for sample in samples if sample.request_id == request_id], {})

    def _finish(self, request_id: str, outcome: Outcome, samples: Sequence[SampleRecord]) -> bool:
        entry = self._records.entry(request_id)
        if entry is None:
            return False
        end = {**ending(outcome), **counts_of(outcome, samples), "ended_by": str(ULID())}
        was = self._save(entry, samples, end)
        ended = self._records.item(entry) if was is None else {**was, **end}
        if ended is None or ended.get("ended_by") != end["ended_by"]:
            return False
        settle(self._table, entry, ended)
        return True

    def _save(self, entry: Entry, samples: Sequence[SampleRecord], more: Mapping[str, Any]) -> Item | None:
        """The record's item as it was, if it was open and now has this."""
        texts = {sample.index: self._texts.keep(entry.pointer.pk, sample.text, SAMPLE_IN_RECORD) for sample in samples}
        values = {f"samples.{sample_name(each.index)}": sample_value(each, texts[each.index]) for each in samples}
        try:
            was = self._table.change(entry.record_key, {**more, **values}, still_open(entry))
        except Refused:
            # Unless this very change was made, and only its answer lost.
            self._drop(texts.values(), named_in=self._records.item(entry))
            return None
        before = [value["text"] for value in was["samples"].values() if value["index"] in texts]
        self._drop(before, named_in={"samples": values})
        return was

    def _drop(self, texts: Iterable[Kept], named_in: Mapping[str, Any] | None) -> None:
        """Pieces that nothing names any more."""
        named = [value["text"] for value in named_in["samples"].values()] if named_in else []
        self._texts.drop(text for text in texts if text not in named)
