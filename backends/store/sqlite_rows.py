"""Records to rows and back. A row from an older version gets the defaults of options it doesn't have."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from backends.store.protocol import StoreFailed
from backends.store.records import AuditEntry, Parent, RequestRecord, SampleRecord, Usage
from backends.store.sqlite_database import SqlValue
from config.errors import InvalidSettings
from config.sampling import SamplingOptions, SamplingOverrides
from config.workspace import WorkspaceRef, WorkspaceSettings

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_HOUR = timedelta(hours=1)

M = TypeVar("M", bound=BaseModel)


def time_value(time: datetime) -> int:
    """Microseconds since 1970. ValueError without a zone: guessing one would move the time."""
    if time.tzinfo is None:
        raise ValueError("a stored time needs its zone")
    return (time - _EPOCH) // _MICROSECOND


def _optional_time_value(time: datetime | None) -> int | None:
    return None if time is None else time_value(time)


def read_time(value: int) -> datetime:
    return _EPOCH + value * _MICROSECOND


def _read_optional_time(value: int | None) -> datetime | None:
    return None if value is None else read_time(value)


def hour_of(time: datetime) -> int:
    """Hours since 1970: the unit usage is summed by."""
    return (time - _EPOCH) // _HOUR


def notes_value(notes: Sequence[str]) -> str:
    return json.dumps(notes)


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
        "private": record.private,
        "cut": record.cut,
        "notes": notes_value(record.notes),
        "reply_ref": record.reply_ref,
        "status": record.status,
        "error": record.error,
        "started_at": _optional_time_value(record.started_at),
        "finished_at": _optional_time_value(record.finished_at),
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
        options=_read_options(SamplingOptions, row["options"]),
        baseline=_read_options(SamplingOptions, row["baseline"]),
        backend=row["backend"],
        model=row["model"],
        created_at=read_time(row["created_at"]),
        group_id=row["group_id"],
        story_id=row["story_id"],
        origin_id=row["origin_id"],
        parent=None if row["parent_id"] is None else Parent(row["parent_id"], row["parent_sample"]),
        private=bool(row["private"]),
        cut=bool(row["cut"]),
        notes=tuple(json.loads(row["notes"])),
        reply_ref=row["reply_ref"],
        status=row["status"],
        error=row["error"],
        started_at=_read_optional_time(row["started_at"]),
        finished_at=_read_optional_time(row["finished_at"]),
        withdrawn=bool(row["withdrawn"]),
    )


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


def settings_value(settings: WorkspaceSettings) -> str:
    """Only what differs from the built-in settings, so that an older Inkling can read what it knows."""
    return settings.model_dump_json(exclude_defaults=True)


def read_settings(ref: WorkspaceRef, stored: str) -> WorkspaceSettings:
    """InvalidSettings when a newer Inkling saved what this one can't honour: ignoring it could drop a rule."""
    try:
        return WorkspaceSettings.model_validate_json(stored)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise InvalidSettings(
            f"The settings saved for {ref} come from a newer Inkling: I can't read {where or 'them'}; update me."
        ) from error


def overrides_value(overrides: SamplingOverrides) -> str:
    return overrides.model_dump_json(exclude_none=True)


def read_overrides(stored: str) -> SamplingOverrides:
    return _read_options(SamplingOverrides, stored)


def _read_options(model: type[M], stored: str) -> M:
    """Without options that only a newer version knows: one such row must not hide a channel's whole history."""
    known = {name: value for name, value in json.loads(stored).items() if name in model.model_fields}
    try:
        return model.model_validate(known)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise StoreFailed(f"I can't read a saved {where}; it was made by another version of me.") from error
