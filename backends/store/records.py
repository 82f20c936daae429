"""What the store keeps: requests, their samples, settings with their history, and counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from config.sampling import SamplingOptions
from config.workspace import WorkspaceRef, WorkspaceSettings

RequestKind = Literal["complete", "regenerate", "vary", "continue", "edit", "branch", "compare"]
RequestStatus = Literal["accepted", "running", "done", "failed", "stopped"]
SampleEnd = Literal["stop", "length", "stopped", "deadline", "failed"]

OPEN_STATUSES: frozenset[RequestStatus] = frozenset({"accepted", "running"})


@dataclass(frozen=True, slots=True)
class Parent:
    """The sample a request goes on from, or from a part of."""

    request_id: str
    sample: int
    kept: int | None = None
    """Characters of its text that are gone on from, where another token was chosen; None: all of it."""


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One accepted request, complete enough to run it again and get the same text."""

    id: str
    """A ULID: sorts by time of acceptance."""
    idempotency_key: str
    """The platform's own event id, prefixed by front; accepting the same key again returns the first record."""
    workspace: WorkspaceRef
    channel: str
    requester_id: str
    requester_name: str
    kind: RequestKind
    prompt: str
    options: SamplingOptions
    """Effective, with the seed resolved."""
    baseline: SamplingOptions
    """The place's defaults when it was accepted; the footer shows what differs."""
    backend: str
    model: str | None
    """As asked for; when finished, as the backend named it."""
    created_at: datetime
    """UTC, as every time here."""
    group_id: str
    """The first request's id; regenerated and varied ones join its group and are its alternatives."""
    story_id: str
    """The id of the request its story began with; everything that was made from that, however far, is of its story."""
    origin_id: str | None = None
    """The request it was made from, and which undo goes back to; None at a story's beginning."""
    parent: Parent | None = None
    private: bool = False
    cut: bool = True
    """Whether an over-long prompt may lose its beginning."""
    notes: tuple[str, ...] = ()
    """Sentences for the reader: clamps, cuts."""
    reply_ref: str | None = None
    """Where the front shows it or is about to, in the front's own JSON; None until it has said so."""
    status: RequestStatus = "accepted"
    error: str | None = None
    """The sentence shown when it failed."""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    withdrawn: bool = False
    """Undone: kept, but no longer part of the story."""

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_STATUSES


@dataclass(frozen=True, slots=True)
class SampleRecord:
    """One completion: as far as it was last saved while open, as it ended afterwards."""

    request_id: str
    index: int
    seed: int
    text: str = ""
    end: SampleEnd | None = None
    """None while open."""
    stop_reason: str | None = None
    completion_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class PostRecord:
    """One message of a result on its platform, so that what people do to the message finds the result."""

    request_id: str
    address: str
    """Which message, in the front's own words."""
    sample: int | None = None
    """The sample it shows; None for a message about the whole request."""
    part: int = 0
    """A long text takes several messages, counted from 0."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a request ended."""

    status: Literal["done", "failed", "stopped"]
    finished_at: datetime
    model: str | None = None
    error: str | None = None
    notes: tuple[str, ...] = ()
    """All notes, those of the record included."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """`created` is False when the idempotency key was known: then `record` is the first one, as it is now."""

    record: RequestRecord
    created: bool


@dataclass(frozen=True, slots=True)
class StoredSettings:
    settings: WorkspaceSettings
    version: int
    """0 for a workspace that never changed anything; grows by one with each change."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change of a workspace's settings."""

    at: datetime
    actor_id: str
    actor_name: str
    action: str
    """In words: `set length 100`, `reset everything`."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Sums over requests that ended, however they did."""

    requests: int = 0
    samples: int = 0
    """Those with text."""
    completion_tokens: int = 0
    """As far as the backend counted them."""
    busy_s: float = 0.0
    """From each request's start to its end; requests at the same time count each."""

    @classmethod
    def of(cls, started_at: datetime | None, outcome: Outcome, samples: Sequence[SampleRecord]) -> Usage:
        """What one request adds."""
        busy_s = (outcome.finished_at - started_at).total_seconds() if started_at else 0.0
        return cls(
            requests=1,
            samples=sum(1 for sample in samples if sample.text),
            completion_tokens=sum(sample.completion_tokens or 0 for sample in samples),
            busy_s=max(busy_s, 0.0),
        )
