"""Values that every store keeps as numbers or JSON, and back.

Times are whole microseconds since 1970 in UTC. What an older version kept gets the defaults of options it doesn't have.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from backends.store.protocol import StoreFailed
from config.errors import InvalidSettings
from config.sampling import SamplingOptions, SamplingOverrides
from config.workspace import WorkspaceRef, WorkspaceSettings

ERASED = "erased"
"""Stands in the audit for a person who was erased."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_HOUR = timedelta(hours=1)

M = TypeVar("M", bound=BaseModel)


def time_value(time: datetime) -> int:
    """Microseconds since 1970. ValueError without a zone: guessing one would move the time."""
    if time.tzinfo is None:
        raise ValueError("a stored time needs its zone")
    return (time - _EPOCH) // _MICROSECOND


def optional_time_value(time: datetime | None) -> int | None:
    return None if time is None else time_value(time)


def read_time(value: int) -> datetime:
    return _EPOCH + value * _MICROSECOND


def read_optional_time(value: int | None) -> datetime | None:
    return None if value is None else read_time(value)


def hour_of(time: datetime) -> int:
    """Hours since 1970: the unit usage is summed by."""
    return (time - _EPOCH) // _HOUR


def notes_value(notes: Sequence[str]) -> str:
    return json.dumps(notes)


def read_notes(stored: str) -> tuple[str, ...]:
    return tuple(json.loads(stored))


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
    return _known_options(SamplingOverrides, stored)


def read_options(stored: str) -> SamplingOptions:
    return _known_options(SamplingOptions, stored)


def _known_options(model: type[M], stored: str) -> M:
    """Without options that only a newer version knows: one such row must not hide a channel's whole history."""
    known = {name: value for name, value in json.loads(stored).items() if name in model.model_fields}
    try:
        return model.model_validate(known)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise StoreFailed(f"I can't read a saved {where}; it was made by another version of me.") from error
