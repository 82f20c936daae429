"""What the parts of the AWS pipeline ask of the job table and the queue.

Every change is one conditional write of one item, so it happens whole or not at all, whoever else tries the same.
Calls block: Lambda functions make them as they are, a worker makes them in threads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from backends.aws.jobs.job import Job, JobEnd, JournalEvent, JournalPage, Mark, NewJob, Submission
from config.errors import InvalidOptions


class KeyReused(InvalidOptions):
    """The idempotency key belongs to a different request of the same owner."""

    def __init__(self) -> None:
        super().__init__("That idempotency key was used for another request.", "idempotency_key")


class LeaseRefused(Exception):
    """Not to be worked on now. `job` is as it is: ended, asked to be cancelled, held by another, out of tries or
    past its deadline; None when there is none of that id."""

    def __init__(self, job: Job | None) -> None:
        super().__init__("no lease")
        self.job = job


class LeaseLost(Exception):
    """Somebody else holds the job now, or it has ended: drop it, what was written counts for nothing."""


class JobStore(Protocol):
    """Any call may raise BackendUnavailable, after retries."""

    def submit(self, new: NewJob) -> Submission:
        """Write a new job under a ULID, unless its owner's key is known. Raises KeyReused.

        Interrupted anywhere, the same call again completes the same job.
        """
        ...

    def submitted(self, owner: str, key: str) -> Job | None:
        """The job that this key means, as it is now; None when there is none yet."""
        ...

    def job(self, job_id: str) -> Job | None:
        """As it is now (a consistent read)."""
        ...

    def prompt(self, job_id: str) -> str:
        """Byte for byte what was submitted. Raises KeyError when there is none."""
        ...

    def journal(self, job_id: str, after: Mark, upto: Mark) -> JournalPage:
        """The events of attempt `upto.attempt` after `after` (from its beginning when that is of an earlier attempt)
        and not after `upto`, in order; at most about 1 MB of them, the rest by asking again."""
        ...

    # Who works on it

    def lease(self, job_id: str, worker: str, now: float) -> Job:
        """A new attempt for this worker: of a queued job, or of a running one whose lease ran out before `now`. No
        lease outlives the job's deadline. Raises LeaseRefused."""
        ...

    def write(self, held: Job, events: Sequence[JournalEvent], now: float) -> Job:
        """Add one entry (none when `events` is empty) and renew the lease. Returns the job, so that the holder learns
        whether it shall cancel. Raises LeaseLost.

        After BackendUnavailable it may have been added all the same: the same call again, with the same `held` and
        events, adds it once. Other events in its place would never reach who has read the first.
        """
        ...

    def finish(self, held: Job, events: Sequence[JournalEvent], end: JobEnd) -> Job:
        """Add the last entry and end it; the same again after BackendUnavailable ends it once. Raises LeaseLost."""
        ...

    def release(self, held: Job) -> bool:
        """Give it back unfinished: its text counts for nothing, nor does the attempt as a try, since it was not the
        job's fault. False when it was lost already."""
        ...

    # Who looks after it

    def cancel(self, job_id: str, now: float) -> Job | None:
        """End a queued job; ask the holder of a running one to stop. Returns it as it then is; None if there is
        none."""
        ...

    def requeue(self, seen: Job, now: float) -> bool:
        """Running with a lease that ran out before `now` → queued; False if it is no longer as `seen`."""
        ...

    def resolve(self, seen: Job, end: JobEnd) -> bool:
        """End an open job that nobody finishes; False if it is no longer as `seen` (other state, attempt or mark)."""
        ...

    def open_jobs(self) -> Iterator[Job]:
        """Oldest first; may miss what changed within the last seconds."""
        ...

    def count_open(self, before: Job | None = None, limit: int = 1000) -> int:
        """How many are open, or were submitted before this one and are; counts no further than `limit`."""
        ...


@dataclass(frozen=True, slots=True)
class Host:
    """What a machine says of itself, and who called for it."""

    name: str
    wake: int = 0
    """Grows with each submit, so that a machine about to stop notices one that came in between."""
    state: str = "down"
    """up, draining or down."""
    beat_at: float = 0.0
    running: int = 0
    model: str | None = None
    version: str | None = None

    def is_up(self, now: float, within_s: float) -> bool:
        """Whether it is there to work, and said so less than so many seconds ago."""
        return self.state == "up" and now - self.beat_at < within_s


class HostStore(Protocol):
    """Any call may raise BackendUnavailable, after retries."""

    def host(self, name: str) -> Host:
        """As it is now; a Host of that name with its defaults when it never said anything."""
        ...

    def call(self, name: str) -> Host:
        """Add one to `wake`; returns the host as it then is."""
        ...

    def beat(self, host: Host) -> Host:
        """The machine says how it is (all but `wake`); returns it with `wake` as it is."""
        ...

    def drain(self, seen: Host, now: float) -> bool:
        """up → draining, if nobody called since `seen`; False if somebody did."""
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """A job's turn. `receipt` is this delivery's own name; `deliveries` counts from 1."""

    job_id: str
    receipt: str
    deliveries: int = 1


class WorkQueue(Protocol):
    """Says which job is next. May deliver twice, late or in another order; the job's record decides. Any call may
    raise BackendUnavailable, after retries."""

    def send(self, job_id: str, delay_s: int = 0) -> None: ...

    def receive(self, limit: int, wait_s: int) -> Sequence[Message]:
        """Up to `limit` (1–10), waiting up to `wait_s` (0–20) for the first."""
        ...

    def delete(self, message: Message) -> None: ...

    def hold(self, message: Message, seconds: int) -> None:
        """Hide it from others for so long from now; 0 shows it again at once."""
        ...
