"""Requests and their samples as items, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backends.store.dynamodb.attributes import Item
from backends.store.dynamodb.texts import Kept
from backends.store.record_values import read_request, request_values
from backends.store.records import Outcome, RequestRecord, SampleRecord
from backends.store.values import notes_value, time_value


def record_item(record: RequestRecord) -> Item:
    """All but the prompt."""
    values = request_values(record)
    del values["prompt"]
    return {**values, "samples": {}}


def read_record(item: Mapping[str, Any], prompt: str) -> RequestRecord:
    return read_request({**item, "prompt": prompt})


def ending(outcome: Outcome) -> Item:
    """What an end sets, but for the model where none is named."""
    ended = {
        "status": outcome.status,
        "finished_at": time_value(outcome.finished_at),
        "error": outcome.error,
        "notes": notes_value(outcome.notes),
    }
    return ended if outcome.model is None else {**ended, "model": outcome.model}


def sample_name(index: int) -> str:
    """Under which a record's item holds it."""
    return f"s{index}"


def sample_value(sample: SampleRecord, text: Kept) -> Item:
    return {
        "index": sample.index,
        "seed": sample.seed,
        "text": text,
        "end": sample.end,
        "stop_reason": sample.stop_reason,
        "completion_tokens": sample.completion_tokens,
    }


def read_sample(request_id: str, value: Mapping[str, Any], text: str) -> SampleRecord:
    return SampleRecord(
        request_id=request_id,
        index=value["index"],
        seed=value["seed"],
        text=text,
        end=value.get("end"),
        stop_reason=value.get("stop_reason"),
        completion_tokens=value.get("completion_tokens"),
    )


def sample_values(item: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Those of a record's item, by index."""
    return sorted(item["samples"].values(), key=lambda value: int(value["index"]))
