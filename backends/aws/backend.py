"""Completions through a deployment in AWS, which may have to wake up first."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Iterable

import structlog

from backends.aws.client.jobs import JobsClient, JobView
from backends.aws.jobs.job import JournalEvent, Mark
from backends.closing import Closing
from backends.protocol import BackendHealth, CompletionEvent, CompletionRequest, Progress, SampleFinished, TextDelta
from config.errors import DeadlineExceeded, EngineFailed, InklingError

WAIT_S = 15.0
"""Of one question; the API answers sooner when something changes."""
CANCEL_WITHIN_S = 10.0
GRACE_S = 15.0
"""Beside its deadline, a job that runs is given so long to say how it ended."""

log = structlog.get_logger(__name__)


class AwsBackend:
    """`deadline_s` counts from when a machine begins to write; until then the deployment's own patience holds."""

    def __init__(self, name: str, client: JobsClient) -> None:
        self._name = name
        self._client = client
        self._closing = Closing(name)
        self._cancelling: set[asyncio.Task[None]] = set()

    @property
    def name(self) -> str:
        return self._name

    async def stream(self, request: CompletionRequest) -> AsyncGenerator[CompletionEvent, None]:
        async with self._closing.interruptible():
            job = await self._client.submit(request)
        told = _Told(self._name)
        until: float | None = None
        try:
            while True:
                for event in told.news(job):
                    yield event
                if not job.is_open and job.at == told.seen:
                    break
                if job.state == "running":
                    until = until or asyncio.get_running_loop().time() + request.deadline_s + GRACE_S
                    _check(until, request.deadline_s)
                async with self._closing.interruptible():
                    job = await self._client.read(job.id, told.seen, WAIT_S)
            if job.state == "cancelled":
                raise EngineFailed(f"Somebody else stopped this in {self._name}; the text so far is kept.")
            if job.error is not None:
                raise job.error.error()
        finally:
            if job.is_open:
                self._cancel(job.id)

    def _cancel(self, job_id: str) -> None:
        """Without holding up whoever closes the stream; `aclose` waits for it."""
        task = asyncio.get_running_loop().create_task(self._cancelled(job_id))
        self._cancelling.add(task)
        task.add_done_callback(self._cancelling.discard)

    async def _cancelled(self, job_id: str) -> None:
        try:
            async with asyncio.timeout(CANCEL_WITHIN_S):
                await self._client.cancel(job_id)
        except (InklingError, TimeoutError) as error:
            log.warning("job could not be cancelled; it ends by its deadline", job=job_id, problem=str(error))

    async def models(self) -> tuple[str, ...]:
        async with self._closing.interruptible():
            return ((await self._client.health()).model,)

    async def health(self) -> BackendHealth:
        try:
            async with self._closing.interruptible():
                health = await self._client.health()
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
        self._closing.close()
        await asyncio.gather(*self._cancelling)
        await self._client.aclose()


class _Told:
    """What the reader has heard. Another attempt at the same job writes the same text: it hears only what is new."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.seen = Mark()
        self._told: dict[int, str] = defaultdict(str)
        self._attempt: dict[int, str] = defaultdict(str)
        self._ended: set[int] = set()

    def news(self, job: JobView) -> Iterable[CompletionEvent]:
        if job.state == "queued" and not self._told:
            yield Progress("waking" if job.waking else "queued", job.position, job.eta_s)
        if job.state == "running" and not self._told:
            yield Progress("running")
        if job.at.attempt != self.seen.attempt:
            self._attempt.clear()
        self.seen = max(self.seen, job.at)
        for event in job.journal():
            yield from self._new(event)

    def _new(self, event: JournalEvent) -> Iterable[CompletionEvent]:
        match event:
            case SampleFinished(sample):
                if sample not in self._ended:
                    self._ended.add(sample)
                    yield event
            case TextDelta(sample, text):
                self._attempt[sample] += text
                yield from self._more(sample)

    def _more(self, sample: int) -> Iterable[TextDelta]:
        told, now = self._told[sample], self._attempt[sample]
        if not (now.startswith(told) or told.startswith(now)):
            raise EngineFailed(f"{self._name} had to begin again and wrote something else; the text so far is kept.")
        if len(now) > len(told):
            self._told[sample] = now
            yield TextDelta(sample, now[len(told) :])


def _check(until: float, deadline_s: float) -> None:
    if asyncio.get_running_loop().time() > until:
        raise DeadlineExceeded(f"It took longer than the {deadline_s:g} s allowed; the text so far is kept.")
