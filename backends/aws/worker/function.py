"""The worker in a Lambda function: one job a time, by a message from the queue."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

import structlog
from ulid import ULID

from backends.aws.invocation import Context, seconds_left
from backends.aws.jobs.job import is_job_id
from backends.aws.jobs.protocol import JobStore, Message, WorkQueue
from backends.aws.wiring import jobs_of, queue_of
from backends.aws.worker.baked import BAKED, use_baked
from backends.aws.worker.run_job import JobRunner, Pace, Verdict
from backends.factory import Backends
from backends.protocol import Backend
from config.errors import BackendUnavailable
from config.log import configure_logging
from config.settings import LogSettings, load_deployment, load_settings

MARGIN_S = 10.0
"""So long before its time is up a job is given back, so that the next invocation takes it; a tenth of it at most."""

log = structlog.get_logger(__name__)


def handler(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Names the messages that must come again."""
    return _turns().take(event, partial(seconds_left, context))


class Turns:
    """What lives between invocations: an event loop, and a backend with its model loaded."""

    def __init__(
        self, jobs: JobStore, queue: WorkQueue, backend: Backend, *, lease_s: float, pace: Pace | None = None
    ) -> None:
        self._jobs = jobs
        self._queue = queue
        self._backend = backend
        self._lease_s = lease_s
        self._pace = pace
        self._loop = asyncio.Runner()

    def take(self, event: Mapping[str, Any], remaining_s: Callable[[], float]) -> dict[str, Any]:
        """One after the other; each may take what is left of the invocation's time."""
        return self._loop.run(self._take(event, remaining_s))

    def close(self) -> None:
        self._loop.close()

    async def _take(self, event: Mapping[str, Any], remaining_s: Callable[[], float]) -> dict[str, Any]:
        records = event.get("Records", ())
        again = [record["messageId"] for record in records if not await self._ends(record, remaining_s)]
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in again]}

    async def _ends(self, record: Mapping[str, Any], remaining_s: Callable[[], float]) -> bool:
        """Whether the message has done its part."""
        message = _message(record)
        if not is_job_id(message.job_id):
            log.warning("message without a job", characters=len(message.job_id))
            return True
        verdict = await self._run(message.job_id, remaining_s())
        log.info("turn ended", job=message.job_id, verdict=verdict.kind)
        again_in_s = verdict.again_in_s(time.time(), message.deliveries)
        if again_in_s is not None:
            await self._hold(message, again_in_s)
        return again_in_s is None

    async def _run(self, job_id: str, remaining_s: float) -> Verdict:
        """Gives the job back in time."""
        runner = JobRunner(self._jobs, self._backend, f"lambda-{ULID()}", lease_s=self._lease_s, pace=self._pace)
        margin_s = min(MARGIN_S, remaining_s / 10)
        timer = asyncio.get_running_loop().call_later(remaining_s - margin_s, runner.give_back)
        try:
            return await runner.run(job_id)
        finally:
            timer.cancel()

    async def _hold(self, message: Message, seconds: int) -> None:
        """Else it comes again when the queue's own time is up."""
        try:
            await asyncio.to_thread(self._queue.hold, message, seconds)
        except BackendUnavailable as error:
            log.warning("the queue could not be told", job=message.job_id, problem=error.sentence)


def _message(record: Mapping[str, Any]) -> Message:
    deliveries = record.get("attributes", {}).get("ApproximateReceiveCount", 1)
    return Message(str(record.get("body", "")), str(record.get("receiptHandle", "")), int(deliveries))


@cache
def _turns() -> Turns:
    """Once for each execution environment."""
    configure_logging(LogSettings(json_lines=True))
    deployment, settings = load_deployment(), load_settings()
    use_baked(BAKED, settings.cache_dir)
    backend = Backends.from_settings(settings).default
    return Turns(jobs_of(deployment), queue_of(deployment), backend, lease_s=deployment.lease_s)
