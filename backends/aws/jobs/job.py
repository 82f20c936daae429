"""A job: one completion request on its way through AWS, as everybody there sees it.

    queued ──lease──▶ running ──finish──▶ done | failed | cancelled
       ▲                 │
       └──── release ────┘      (also a lease that ran out)

Each lease is a new *attempt*, which is its fence: who holds an older one can change nothing any more. What an attempt
writes is a journal of events, numbered from 1; an event is where it is by its `Mark`. Times are seconds since 1970.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ulid import ULID

from backends.aws.jobs.failure import Failure
from backends.protocol import SampleFinished, TextDelta
from config.sampling import SamplingOptions

JobState = Literal["queued", "running", "done", "failed", "cancelled"]
EndState = Literal["done", "failed", "cancelled"]
JournalEvent = TextDelta | SampleFinished

OPEN_STATES: frozenset[JobState] = frozenset({"queued", "running"})
MAX_TRIES = 3
"""A job that took its worker down so often is the reason, and fails."""
LEASE_S = 30.0
"""How long a worker that says nothing keeps its job."""


def is_job_id(text: str) -> bool:
    """Whether it can be one at all."""
    try:
        return str(ULID.from_str(text)) == text
    except ValueError:
        return False


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A place in a job's journal. A later attempt starts anew, so its marks come after all of an earlier one's."""

    attempt: int = 0
    sequence: int = 0
    """Of the entry (a handful of events written at once), from 1 within its attempt; 0 is before the first."""

    def __str__(self) -> str:
        return f"{self.attempt}.{self.sequence}"

    @classmethod
    def parse(cls, text: str) -> Mark:
        """What `str` gave. Raises ValueError."""
        attempt, sequence = text.split(".")
        return cls(int(attempt), int(sequence))


@dataclass(frozen=True, slots=True)
class Order:
    """How to finish the prompt. `options.seed` is resolved."""

    options: SamplingOptions
    model: str | None = None
    """None means the deployment's own."""
    keep_last_tokens: int | None = None
    write_s: float = 120.0
    """Seconds the writing may take, once it began."""


@dataclass(frozen=True, slots=True)
class NewJob:
    """What is submitted. The same `key` of the same owner means the same job."""

    owner: str
    key: str
    prompt: str
    order: Order
    created_at: float
    deadline_at: float
    """When it ends at the latest, whether or not anybody worked on it."""


@dataclass(frozen=True, slots=True)
class Job:
    """All about it but the prompt and the texts, which may be long and are read apart."""

    id: str
    """A ULID."""
    owner: str
    order: Order
    created_at: float
    deadline_at: float
    state: JobState = "queued"
    mark: Mark = Mark()
    """Of the last entry written; its attempt is the current or last one."""
    worker: str | None = None
    """Who holds it, while running."""
    lease_until: float | None = None
    tries: int = 0
    """Attempts that were not given back; MAX_TRIES of them are enough."""
    cancel_requested: bool = False
    started_at: float | None = None
    """Of the first attempt."""
    finished_at: float | None = None
    model: str | None = None
    """That wrote it, once done."""
    failure: Failure | None = None

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES


@dataclass(frozen=True, slots=True)
class JobEnd:
    state: EndState
    at: float
    failure: Failure | None = None
    """Why it failed."""
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """`created` is False when the key was known: then `job` is the one of then, as it is now."""

    job: Job
    created: bool


@dataclass(frozen=True, slots=True)
class JournalPage:
    events: tuple[JournalEvent, ...]
    upto: Mark
    """Of the last entry in it; where it began, when there is none."""
