"""The Lambda function behind the queue of messages that were delivered too often.

A message that comes again and again is not a job that breaks off again and again: it may have been a second one of a
job that somebody held, or have come while the table could not be asked. The record knows how often the job broke off,
so it decides; a job that may still be written waits for the tick, which sends it a new message.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import structlog

from backends.aws.fault import described
from backends.aws.jobs.job import is_job_id
from backends.aws.jobs.protocol import JobStore
from backends.aws.jobs.settling import due_end
from backends.aws.wiring import jobs_of
from config.errors import BackendUnavailable
from config.log import configure_logging
from config.settings import LogSettings, load_deployment

log = structlog.get_logger(__name__)


def handler(event: Mapping[str, Any], context: object) -> None:
    fail(_jobs(), [str(record.get("body", "")) for record in event.get("Records", ())], time.time())


def fail(jobs: JobStore, job_ids: Sequence[str], now: float) -> int:
    """Ends those that are to end now; how many. Raises BackendUnavailable, once all were tried: the same again does no
    harm."""
    ended = 0
    trouble: BackendUnavailable | None = None
    for job_id in filter(is_job_id, job_ids):
        try:
            ended += _fail(jobs, job_id, now)
        except BackendUnavailable as error:
            trouble = error
        except Exception as error:
            log.error("a job could not be looked at", job=job_id, **described(error))
    if trouble is not None:
        raise trouble
    return ended


def _fail(jobs: JobStore, job_id: str, now: float) -> bool:
    job = jobs.job(job_id)
    end = due_end(job, now) if job is not None else None
    ended = job is not None and end is not None and jobs.resolve(job, end)
    log.warning("a message was delivered too often", job=job_id, state=job.state if job else None, ended=ended)
    return ended


@cache
def _jobs() -> JobStore:
    configure_logging(LogSettings(json_lines=True))
    return jobs_of(load_deployment())
