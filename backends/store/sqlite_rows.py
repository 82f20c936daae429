"""Records to rows and back."""

from __future__ import annotations

import sqlite3

from backends.store.records import AuditEntry, Parent, RequestRecord, SampleRecord, Usage
from backends.store.sqlite_database import SqlValue
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


def request_values(record: RequestRecord) -> dict[str, SqlValue]:
    """By column name, all of them."""
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


def read_request(row: sqlite3.Row) -> RequestRecord:
    return RequestRecord(
        id=row["id"],
        idempotency_key=row["idempotency_key"],
        workspace=read_workspace(row),
        channel=row["channel"],
        requester_id=row["requester_id"],
        requester_name=row["requester_name"],
        kind=row["kind"],
        prompt=row["prompt"],
        options=read_options(row["options"]),
        baseline=read_options(row["baseline"]),
        backend=row["backend"],
        model=row["model"],
        created_at=read_time(row["created_at"]),
        group_id=row["group_id"],
        story_id=row["story_id"],
        origin_id=row["origin_id"],
        parent=_read_parent(row),
        private=bool(row["private"]),
        cut=bool(row["cut"]),
        notes=read_notes(row["notes"]),
        reply_ref=row["reply_ref"],
        status=row["status"],
        error=row["error"],
        started_at=read_optional_time(row["started_at"]),
        finished_at=read_optional_time(row["finished_at"]),
        withdrawn=bool(row["withdrawn"]),
    )


def _read_parent(row: sqlite3.Row) -> Parent | None:
    if row["parent_id"] is None:
        return None
    return Parent(row["parent_id"], row["parent_sample"], row["parent_kept"])


def sample_values(sample: SampleRecord) -> dict[str, SqlValue]:
    return {
        "request_id": sample.request_id,
        "number": sample.index,
        "seed": sample.seed,
        "text": sample.text,
        "ended": sample.end,
        "stop_reason": sample.stop_reason,
        "completion_tokens": sample.completion_tokens,
    }


def read_sample(row: sqlite3.Row) -> SampleRecord:
    return SampleRecord(
        request_id=row["request_id"],
        index=row["number"],
        seed=row["seed"],
        text=row["text"],
        end=row["ended"],
        stop_reason=row["stop_reason"],
        completion_tokens=row["completion_tokens"],
    )


def read_workspace(row: sqlite3.Row) -> WorkspaceRef:
    return WorkspaceRef(row["front"], row["workspace_id"])


def read_audit_entry(row: sqlite3.Row) -> AuditEntry:
    return AuditEntry(read_time(row["at"]), row["actor_id"], row["actor_name"], row["action"])


def read_usage(row: sqlite3.Row) -> Usage:
    return Usage(row["requests"], row["samples"], row["completion_tokens"], row["busy_s"])
