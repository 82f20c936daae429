"""Records for tests: valid as they come, changed where a test cares."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from ulid import ULID

from backends.store.records import AuditEntry, Outcome, RequestRecord, SampleRecord
from config.sampling import SamplingOptions
from config.workspace import WorkspaceRef

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
"""When the first request is accepted; each following one a second later."""
HERE = WorkspaceRef("discord", "server-1")
ELSEWHERE = WorkspaceRef("slack", "server-1")

_numbers = count()


def make_request(**changes: Any) -> RequestRecord:
    """A newly accepted request, younger than all made before; `changes` are fields of RequestRecord."""
    number = next(_numbers)
    created_at = NOW + timedelta(seconds=number)
    request_id = changes.get("id") or str(ULID.from_datetime(created_at))
    record = RequestRecord(
        id=request_id,
        idempotency_key=f"{HERE}:event-{number}",
        workspace=HERE,
        channel="general",
        requester_id="u1",
        requester_name="Ada",
        kind="complete",
        prompt="Once upon a time",
        options=SamplingOptions(seed=7),
        baseline=SamplingOptions(),
        backend="local",
        model=None,
        created_at=created_at,
        group_id=request_id,
        story_id=request_id,
    )
    return replace(record, **changes)


def make_sample(request: RequestRecord, index: int = 0, **changes: Any) -> SampleRecord:
    """What was saved of one sample while it is written; `changes` are fields of SampleRecord."""
    sample = SampleRecord(request.id, index, request.options.seed_of(index), "there was a keeper")
    return replace(sample, **changes)


def make_finished_sample(request: RequestRecord, index: int = 0, **changes: Any) -> SampleRecord:
    """A sample that reached its length; `changes` are fields of SampleRecord."""
    return replace(make_sample(request, index, end="length", completion_tokens=4), **changes)


def make_outcome(**changes: Any) -> Outcome:
    """Done, a minute after NOW; `changes` are fields of Outcome."""
    return replace(Outcome("done", NOW + timedelta(minutes=1), model="smollm2-135m"), **changes)


def make_entry(**changes: Any) -> AuditEntry:
    """A change of settings by Ada; `changes` are fields of AuditEntry."""
    return replace(AuditEntry(NOW, "u1", "Ada", "set length 100"), **changes)
