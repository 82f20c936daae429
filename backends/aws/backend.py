"""Completions through a deployment in AWS, which may have to wake up first."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Coroutine

import structlog

from backends.aws.client.jobs import JobsClient, JobView
from backends.aws.deadline import GRACE_S, Deadline
from backends.aws.jobs.job import Mark
from backends.aws.recent_health import RecentHealth
from backends.aws.told import Told
from backends.closing import Closing
from backends.protocol import BackendHealth, CompletionEvent, CompletionRequest
from config.errors import EngineFailed, InklingError, NotFound

WAIT_S = 15.0
"""Of one question; the API answers sooner when something changes."""
CANCEL_WITHIN_S = 10.0

log = structlog.get_logger(__name__)


class AwsBackend:
    """`deadline_s` counts from when a machine begins to write; until then the deployment's own patience holds."""

    def __init__(self, name: str, client: JobsClient, *, grace_s: float = GRACE_S) -> None:
        self._name = name
        self._client = client
        self._grace_s = grace_s
        self._closing = Closing(name)
        self._health = RecentHealth(client, time.monotonic)
        self._submitting: set[asyncio.Task[JobView]] = set()
        self._open: set[str] = set()
        """The jobs of open streams."""
        self._afterwards: set[asyncio.Task[None]] = set()
        """What goes on when its stream has ended."""

    @property
    def name(self) -> str:
        return self._name

    async def stream(self, request: CompletionRequest) -> AsyncGenerator[CompletionEvent, None]:
        job = await self._submitted(request)
        self._health.forget()
        told = Told(self._name)
        deadline = Deadline(request.deadline_s, asyncio.get_running_loop().time, self._grace_s)
        self._open.add(job.id)
        try:
            while True:
                for event in told.news(job):
                    yield event
                if not (job.is_open or job.more):
                    break
                job = await self._read(job, told.seen, deadline)
            if job.state == "cancelled":
                raise EngineFailed(f"Somebody else stopped this in {self._name}; the text so far is kept.")
            if job.error is not None:
                raise job.error.error()
        finally:
            if job.is_open:
                self._cancel(job.id)
            self._open.discard(job.id)
            self._health.forget()

    async def _submitted(self, request: CompletionRequest) -> JobView:
        """Who goes away before there is an answer never learns the job's id; the job is cancelled all the same."""
        submitting = asyncio.create_task(self._client.submit(request))
        self._submitting.add(submitting)
        try:
            async with self._closing.interruptible():
                return await asyncio.shield(submitting)
        except BaseException:
            self._cancel_once_known(submitting)
            raise
        finally:
            self._submitting.discard(submitting)

    async def _read(self, job: JobView, seen: Mark, deadline: Deadline) -> JobView:
        try:
            async with self._closing.interruptible(), asyncio.timeout_at(deadline.of(job)):
                return await self._client.read(job.id, seen, WAIT_S)
        except NotFound as error:
            raise EngineFailed(f"{self._name} has lost this request; the text so far is kept.") from error
        except TimeoutError as error:
            raise deadline.error() from error

    # Cancelling

    def _cancel(self, job_id: str) -> None:
        """Without holding up whoever closes the stream; `aclose` waits for it."""
        if job_id in self._open:
            self._open.discard(job_id)
            self._afterwards_do(self._cancelled(job_id))

    def _cancel_once_known(self, submitting: asyncio.Task[JobView]) -> None:
        if submitting in self._submitting and not (submitting.done() and submitting.exception()):
            self._afterwards_do(self._cancelled_once_known(submitting))
        self._submitting.discard(submitting)

    def _afterwards_do(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._afterwards.add(task)
        task.add_done_callback(self._afterwards.discard)

    async def _cancelled_once_known(self, submitting: asyncio.Task[JobView]) -> None:
        try:
            async with asyncio.timeout(CANCEL_WITHIN_S):
                job = await submitting
        except (InklingError, TimeoutError) as error:
            log.warning("it is not known whether a job was submitted; it ends by its deadline", problem=str(error))
            return
        await self._cancelled(job.id)

    async def _cancelled(self, job_id: str) -> None:
        try:
            async with asyncio.timeout(CANCEL_WITHIN_S):
                await self._client.cancel(job_id)
        except (InklingError, TimeoutError) as error:
            log.warning("job could not be cancelled; it ends by its deadline", job=job_id, problem=str(error))

    # The rest

    async def models(self) -> tuple[str, ...]:
        async with self._closing.interruptible():
            return ((await self._health.get()).model,)

    async def health(self) -> BackendHealth:
        try:
            async with self._closing.interruptible():
                health = await self._health.get()
        except InklingError as error:
            return BackendHealth("unavailable", error.sentence)
        counts = (health.model, health.running, health.waiting)
        match health.state:
            case "ready":
                return BackendHealth("ready", f"{health.model} is ready in AWS.", *counts)
            case "starting":
                return BackendHealth("starting", "The machine in AWS is waking up.", *counts)
        return BackendHealth("asleep", "The machine in AWS sleeps; a request wakes it.", *counts)

    async def start(self) -> None:
        """Nothing: a machine that wakes for nobody costs money."""

    async def aclose(self) -> None:
        """Cancels what is open, also where nobody reads its stream."""
        self._closing.close()
        for submitting in tuple(self._submitting):
            self._cancel_once_known(submitting)
        for job_id in tuple(self._open):
            self._cancel(job_id)
        while self._afterwards:
            await asyncio.wait(self._afterwards)
        self._health.close()
        await self._client.aclose()
