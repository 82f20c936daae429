"""The Lambda function behind the queue of messages that were delivered too often: their jobs fail, with a word."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cache
from typing import Any

import structlog

from backends.aws.jobs.failure import Failure
from backends.aws.jobs.job import JobEnd
from backends.aws.jobs.protocol import JobStore
from backends.aws.jobs.settling import due_end, is_held
from backends.aws.wiring import jobs_of
from config.errors import EngineFailed
from config.log import configure_logging
from config.settings import LogSettings, load_deployment

BROKE_OFF = "The machine could not write this, however often it tried; try another prompt."

log = structlog.get_logger(__name__)


def handler(event: Mapping[str, Any], context: object) -> None:
    for record in event.get("Records", ()):
        fail(_jobs(), str(record.get("body", "")), time.time())


def fail(jobs: JobStore, job_id: str, now: float) -> bool:
    """Ends the job, unless it has ended, or a worker holds it after all. Raises BackendUnavailable."""
    job = jobs.job(job_id)
    if job is None or not job.is_open or is_held(job, now):
        return False
    end = due_end(job, now) or JobEnd("failed", now, Failure.of(EngineFailed(BROKE_OFF)))
    ended = jobs.resolve(job, end)
    log.warning("a message was delivered too often", job=job_id, ended=ended)
    return ended


@cache
def _jobs() -> JobStore:
    configure_logging(LogSettings(json_lines=True))
    return jobs_of(load_deployment())
