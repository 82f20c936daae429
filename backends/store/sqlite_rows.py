"""Records to rows and back."""

from __future__ import annotations

import sqlite3

from backends.store.records import AuditEntry, SampleRecord, Usage
from backends.store.sqlite_database import SqlValue
from backends.store.values import read_time
from config.workspace import WorkspaceRef


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
