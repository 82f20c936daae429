"""The worker in a Lambda function: one job a time, by a message from the queue."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from functools import cache
from typing import Any, Protocol

import structlog
from ulid import ULID

from backends.aws.jobs.job import is_job_id
from backends.aws.jobs.protocol import Message
from backends.aws.wiring import jobs_of, queue_of
from backends.aws.worker.run_job import JobRunner, Verdict
from backends.factory import Backends
from config.log import configure_logging
from config.settings import LogSettings, load_deployment, load_settings

MARGIN_S = 10.0
"""So long before its time is up a job is given back, so that the next invocation takes it; a tenth of it at most."""

log = structlog.get_logger(__name__)


class Context(Protocol):
    """What Lambda tells of an invocation, as far as it is used."""

    def get_remaining_time_in_millis(self) -> int: ...


def handler(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Names the messages that must come again."""
    return _environment().handle(event, context.get_remaining_time_in_millis() / 1000)


class Environment:
    """What lives between invocations: an event loop, and a backend with its model loaded."""

    def __init__(self) -> None:
        configure_logging(LogSettings(json_lines=True))
        self._deployment = load_deployment()
        self._jobs = jobs_of(self._deployment)
        self._queue = queue_of(self._deployment)
        self._runner = asyncio.Runner()
        self._backends = Backends.from_settings(load_settings())

    def handle(self, event: Mapping[str, Any], remaining_s: float) -> dict[str, Any]:
        return self._runner.run(self._handle(event, remaining_s))

    async def _handle(self, event: Mapping[str, Any], remaining_s: float) -> dict[str, Any]:
        records = event.get("Records", ())
        again = [record["messageId"] for record in records if not await self._ends(record, remaining_s)]
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in again]}

    async def _ends(self, record: Mapping[str, Any], remaining_s: float) -> bool:
        """Whether the message has done its part."""
        job_id = str(record.get("body", ""))
        if not is_job_id(job_id):
            log.warning("message without a job", characters=len(job_id))
            return True
        verdict = await self._run(job_id, remaining_s)
        again_in_s = verdict.again_in_s(time.time())
        log.info("turn ended", job=job_id, verdict=verdict.kind)
        if again_in_s is None:
            return True
        receipt = Message(job_id, str(record.get("receiptHandle", "")))
        await asyncio.to_thread(self._queue.hold, receipt, again_in_s)
        return False

    async def _run(self, job_id: str, remaining_s: float) -> Verdict:
        """Gives the job back in time."""
        worker = f"lambda-{ULID()}"
        runner = JobRunner(self._jobs, self._backends.default, worker, lease_s=self._deployment.lease_s)
        margin_s = min(MARGIN_S, remaining_s / 10)
        timer = asyncio.get_running_loop().call_later(remaining_s - margin_s, runner.give_back)
        try:
            return await runner.run(job_id)
        finally:
            timer.cancel()


@cache
def _environment() -> Environment:
    """Once for each execution environment."""
    return Environment()
