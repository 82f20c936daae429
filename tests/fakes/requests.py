"""Requests for tests that don't care how they came about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from backends.store.records import RequestRecord
from config.sampling import SamplingOptions
from config.workspace import WorkspaceRef


def make_request(request_id: str = "01", *, options: dict[str, Any] | None = None, **changes: Any) -> RequestRecord:
    """A plain accepted request; `options` changes its sampling options, the rest its fields."""
    sampling = SamplingOptions.model_validate({"seed": 7, **(options or {})})
    record = RequestRecord(
        id=request_id,
        idempotency_key=f"discord:guild-1:{request_id}",
        workspace=WorkspaceRef("discord", "guild-1"),
        channel="general",
        requester_id="u-ann",
        requester_name="ann",
        kind="complete",
        prompt="Once upon a time",
        options=sampling,
        baseline=SamplingOptions(),
        backend="gated",
        model=None,
        created_at=datetime(2030, 1, 1, tzinfo=UTC),
        group_id=request_id,
    )
    return replace(record, **changes)
