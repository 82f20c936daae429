"""How jobs end that nobody finishes: asked to stop, out of time, or too many workers broke off."""

from __future__ import annotations

from backends.aws.jobs.failure import Failure
from backends.aws.jobs.job import MAX_TRIES, Job, JobEnd
from config.errors import BackendUnavailable, DeadlineExceeded, EngineFailed


def is_held(job: Job, now: float) -> bool:
    """Whether a worker has it and still says so."""
    return job.state == "running" and (job.lease_until or 0.0) >= now


def due_end(job: Job, now: float) -> JobEnd | None:
    """How an open job ends now, if it does; None for one that is held, or that somebody may still take."""
    if not job.is_open or is_held(job, now):
        return None
    if job.cancel_requested:
        return JobEnd("cancelled", now)
    if job.tries >= MAX_TRIES:
        broke_off = EngineFailed(f"The machine broke off {job.tries} times while writing this; try another prompt.")
        return JobEnd("failed", now, Failure.of(broke_off))
    if now >= job.deadline_at:
        return JobEnd("failed", now, Failure.of(too_late(job)))
    return None


def too_late(job: Job) -> BackendUnavailable | DeadlineExceeded:
    """Why it failed, once its deadline has passed."""
    allowed = f"the {job.deadline_at - job.created_at:.0f} s allowed"
    if job.started_at is None:
        return BackendUnavailable(f"No machine came to write this within {allowed}; try again later.", 60.0)
    return DeadlineExceeded(f"It took longer than {allowed}; the text so far is kept.")
