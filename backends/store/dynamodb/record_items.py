"""Requests and their samples as items, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backends.store.dynamodb.attributes import Item
from backends.store.dynamodb.texts import Kept
from backends.store.records import Outcome, Parent, RequestRecord, SampleRecord
from backends.store.values import (
    notes_value,
    optional_time_value,
    read_notes,
    read_optional_time,
    read_options,
    read_time,
    time_value,
)
from config.workspace import WorkspaceRef


def record_item(record: RequestRecord) -> Item:
    """All but the prompt."""
    return {
        "id": record.id,
        "idempotency_key": record.idempotency_key,
        "front": record.workspace.front,
        "workspace_id": record.workspace.id,
        "channel": record.channel,
        "requester_id": record.requester_id,
        "requester_name": record.requester_name,
        "kind": record.kind,
        "options": record.options.model_dump_json(),
        "baseline": record.baseline.model_dump_json(),
        "backend": record.backend,
        "model": record.model,
        "created_at": time_value(record.created_at),
        "group_id": record.group_id,
        "story_id": record.story_id,
        "origin_id": record.origin_id,
        "parent_id": record.parent.request_id if record.parent else None,
        "parent_sample": record.parent.sample if record.parent else None,
        "parent_kept": record.parent.kept if record.parent else None,
        "private": record.private,
        "cut": record.cut,
        "notes": notes_value(record.notes),
        "reply_ref": record.reply_ref,
        "status": record.status,
        "error": record.error,
        "started_at": optional_time_value(record.started_at),
        "finished_at": optional_time_value(record.finished_at),
        "withdrawn": record.withdrawn,
        "samples": {},
    }


def read_record(item: Mapping[str, Any], prompt: str) -> RequestRecord:
    parent_id = item.get("parent_id")
    return RequestRecord(
        id=item["id"],
        idempotency_key=item["idempotency_key"],
        workspace=WorkspaceRef(item["front"], item["workspace_id"]),
        channel=item["channel"],
        requester_id=item["requester_id"],
        requester_name=item["requester_name"],
        kind=item["kind"],
        prompt=prompt,
        options=read_options(item["options"]),
        baseline=read_options(item["baseline"]),
        backend=item["backend"],
        model=item.get("model"),
        created_at=read_time(item["created_at"]),
        group_id=item["group_id"],
        story_id=item["story_id"],
        origin_id=item.get("origin_id"),
        parent=None if parent_id is None else Parent(parent_id, item["parent_sample"], item.get("parent_kept")),
        private=item["private"],
        cut=item["cut"],
        notes=read_notes(item["notes"]),
        reply_ref=item.get("reply_ref"),
        status=item["status"],
        error=item.get("error"),
        started_at=read_optional_time(item.get("started_at")),
        finished_at=read_optional_time(item.get("finished_at")),
        withdrawn=item["withdrawn"],
    )


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
