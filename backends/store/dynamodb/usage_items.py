"""What an ended request counts: an item of its own, so that counting it again changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from backends.store.dynamodb.attributes import Item
from backends.store.dynamodb.entries import Entry
from backends.store.dynamodb.keys import usage_sk, workspace_pk
from backends.store.dynamodb.table import Key
from backends.store.records import Outcome, SampleRecord, Usage
from backends.store.values import hour_of, read_time

_SECOND = 1_000_000
"""In microseconds."""


def counts_of(outcome: Outcome, samples: Sequence[SampleRecord]) -> Item:
    """What a record notes of it with its end; the seconds are in its times."""
    usage = Usage.of(None, outcome, samples)
    return {"counted_samples": usage.samples, "counted_tokens": usage.completion_tokens}


def usage_key(entry: Entry, ended: Mapping[str, Any]) -> Key:
    return Key(workspace_pk(entry.workspace), usage_sk(hour_of(read_time(ended["finished_at"])), entry.id))


def usage_item(ended: Mapping[str, Any]) -> Item:
    busy = ended["finished_at"] - ended.get("started_at", ended["finished_at"])
    return {
        "samples": ended.get("counted_samples", 0),
        "completion_tokens": ended.get("counted_tokens", 0),
        "busy_us": max(busy, 0),
    }


def sum_usage(items: Iterable[Mapping[str, Any]]) -> Usage:
    counted = list(items)
    return Usage(
        requests=len(counted),
        samples=sum(item["samples"] for item in counted),
        completion_tokens=sum(item["completion_tokens"] for item in counted),
        busy_s=sum(item["busy_us"] for item in counted) / _SECOND,
    )
