"""A request as values by name, as every store keeps it, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backends.store.records import Parent, RequestRecord
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


def request_values(record: RequestRecord) -> dict[str, str | int | None]:
    """All of it."""
    return {
        "id": record.id,
        "idempotency_key": record.idempotency_key,
        "front": record.workspace.front,
        "workspace_id": record.workspace.id,
        "channel": record.channel,
        "requester_id": record.requester_id,
        "requester_name": record.requester_name,
        "kind": record.kind,
        "prompt": record.prompt,
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
    }


def read_request(values: Mapping[str, Any]) -> RequestRecord:
    """What is None may be missing, and other values than a request's may be there."""
    parent_id = values.get("parent_id")
    return RequestRecord(
        id=values["id"],
        idempotency_key=values["idempotency_key"],
        workspace=WorkspaceRef(values["front"], values["workspace_id"]),
        channel=values["channel"],
        requester_id=values["requester_id"],
        requester_name=values["requester_name"],
        kind=values["kind"],
        prompt=values["prompt"],
        options=read_options(values["options"]),
        baseline=read_options(values["baseline"]),
        backend=values["backend"],
        model=values.get("model"),
        created_at=read_time(values["created_at"]),
        group_id=values["group_id"],
        story_id=values["story_id"],
        origin_id=values.get("origin_id"),
        parent=None if parent_id is None else Parent(parent_id, values["parent_sample"], values.get("parent_kept")),
        private=bool(values["private"]),
        cut=bool(values["cut"]),
        notes=read_notes(values["notes"]),
        reply_ref=values.get("reply_ref"),
        status=values["status"],
        error=values.get("error"),
        started_at=read_optional_time(values.get("started_at")),
        finished_at=read_optional_time(values.get("finished_at")),
        withdrawn=bool(values["withdrawn"]),
    )
