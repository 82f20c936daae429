"""One job from lease to end: the only path, on a machine and in a Lambda function alike."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Literal

import structlog

from backends.aws.fault import described
from backends.aws.jobs.failure import Failure
from backends.aws.jobs.job import Job, JobEnd
from backends.aws.jobs.protocol import JobStore, LeaseLost, LeaseRefused
from backends.aws.jobs.settling import due_end, is_held, too_late
from backends.aws.worker.pending import Pending
from backends.protocol import Backend, CompletionRequest, Progress
from config.errors import BackendUnavailable, EngineFailed, InklingError

LOOK_AGAIN_S = 3
LONGEST_LOOK_S = 300

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """How often the table hears of a job, in seconds."""

    write_s: float = 0.4
    """Between entries, after the first, which goes at once."""
    beat_s: float = 2.0
    """When there is no text; so long may pass until a request to cancel is seen."""
    retry_s: float = 0.5
    """After the table could not be used."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of the message that named the job."""

    kind: Literal["ended", "given back", "held", "lost"]
    """`held`: another worker has it; `lost`: another has it now, or the table can't be used: look again later."""
    until: float | None = None
    """When the other's lease ends."""

    def again_in_s(self, now: float, deliveries: int = 1) -> int | None:
        """When the message shall be seen again, in whole seconds; None: never, it has done its part.

        Later each time where nobody knows why, so that a minute without the table doesn't use up all deliveries that
        a message has.
        """
        match self.kind:
            case "ended":
                return None
            case "given back":
                return 0
            case "held":
                return max(int((self.until or now) - now) + 1, 1)
            case "lost":
                return min(LOOK_AGAIN_S << min(deliveries - 1, 10), LONGEST_LOOK_S)


class JobRunner:
    """`worker` is unlike any other's; `lease_s` is the store's. Several jobs may run at once."""

    def __init__(
        self,
        jobs: JobStore,
        backend: Backend,
        worker: str,
        *,
        lease_s: float,
        pace: Pace | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._jobs = jobs
        self._backend = backend
        self._worker = worker
        pace = pace or Pace()
        self._pace = replace(pace, beat_s=min(pace.beat_s, lease_s / 3))
        self._clock = clock
        self._stopping = asyncio.Event()

    def give_back(self) -> None:
        """End what runs without finishing it, so that another may begin at once."""
        self._stopping.set()

    async def run(self, job_id: str) -> Verdict:
        """Whatever goes wrong: its record and its next turn put it right."""
        try:
            return await self._run(job_id)
        except LeaseLost:
            log.info("lease lost", job=job_id)
        except BackendUnavailable as error:
            log.warning("a job could not be taken", job=job_id, problem=error.sentence)
        except Exception as error:
            log.error("a job broke off", job=job_id, **described(error))
        return Verdict("lost")

    async def _run(self, job_id: str) -> Verdict:
        try:
            held = await asyncio.to_thread(self._jobs.lease, job_id, self._worker, self._clock())
        except LeaseRefused as refused:
            return await self._settle(refused.job)
        return await _Writing(self._jobs, self._backend, held, self._pace, self._clock).write(self._stopping)

    async def _settle(self, job: Job | None) -> Verdict:
        """A job that can't be leased: end it if it's time, else leave it to whoever has it."""
        now = self._clock()
        if job is None or not job.is_open:
            return Verdict("ended")
        if is_held(job, now):
            return Verdict("held", job.lease_until)
        end = due_end(job, now)
        if end is not None and await asyncio.to_thread(self._jobs.resolve, job, end):
            return Verdict("ended")
        return Verdict("lost")


class _Writing:
    """A held job being written."""

    def __init__(self, jobs: JobStore, backend: Backend, held: Job, pace: Pace, clock: Callable[[], float]) -> None:
        self._jobs = jobs
        self._backend = backend
        self._held = held
        self._pace = pace
        self._clock = clock
        self._pending = Pending()

    async def write(self, stopping: asyncio.Event) -> Verdict:
        reader = asyncio.create_task(self._read())
        try:
            await self._keep_writing(reader, stopping)
            if not reader.done() and self._cut_short() is None:
                await asyncio.to_thread(self._jobs.release, self._held)
                return Verdict("given back")
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)
        await self._finish(self._end_of(reader))
        return Verdict("ended")

    # What the backend says

    async def _read(self) -> str | None:
        """All that it writes into `_pending`; the model's name at the end."""
        try:
            request = await self._request()
            async with aclosing(self._backend.stream(request)) as events:
                async for event in events:
                    if not isinstance(event, Progress):
                        self._pending.add(event)
            return await self._model()
        finally:
            self._pending.close()

    async def _request(self) -> CompletionRequest:
        order = self._held.order
        prompt = await asyncio.to_thread(self._jobs.prompt, self._held.id)
        left_s = max(self._held.deadline_at - self._clock(), 0.001)
        return CompletionRequest(
            self._held.id,
            prompt,
            order.options,
            model=order.model,
            keep_last_tokens=order.keep_last_tokens,
            deadline_s=min(order.write_s, left_s),
        )

    async def _model(self) -> str | None:
        """Which one wrote. The text is whole by now: no trouble with a name shall undo it."""
        asked = self._held.order.model
        try:
            served = await self._backend.models()
        except InklingError:
            return asked
        return asked if asked in served or not served else served[0]

    # What the table hears

    async def _keep_writing(self, reader: asyncio.Task[str | None], stopping: asyncio.Event) -> None:
        """Until the text has ended, or is cut short, or this worker stops."""
        stop = asyncio.create_task(stopping.wait())
        try:
            while not (self._pending.closed or stopping.is_set() or self._cut_short()):
                some = asyncio.create_task(self._pending.some())
                await asyncio.wait({some, stop}, timeout=self._pace.beat_s, return_when=asyncio.FIRST_COMPLETED)
                some.cancel()
                if self._pending.closed or stopping.is_set():
                    return
                await self._put()
                await asyncio.wait({stop, reader}, timeout=self._pace.write_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop.cancel()

    async def _put(self) -> None:
        """An entry of what is pending, or a beat."""
        events = self._pending.take()
        self._held = await self._insist(lambda: self._jobs.write(self._held, events, self._clock()))

    def _cut_short(self) -> JobEnd | None:
        """How it ends while the backend still writes, if it does: cancelled, or out of time, where the backend's own
        deadline, which counts from when a model is loaded, came too late."""
        now = self._clock()
        if self._held.cancel_requested:
            return JobEnd("cancelled", now)
        if now >= self._held.deadline_at:
            return JobEnd("failed", now, Failure.of(too_late(self._held)))
        return None

    def _end_of(self, reader: asyncio.Task[str | None]) -> JobEnd:
        now = self._clock()
        if reader.cancelled():
            return self._cut_short() or JobEnd("cancelled", now)
        error = reader.exception()
        if error is None:
            return JobEnd("done", now, model=reader.result())
        if not isinstance(error, InklingError):
            log.error("job failed", job=self._held.id, **described(error))
            error = EngineFailed("Something went wrong while writing this; the machine's log says more.")
        return JobEnd("failed", now, Failure.of(error))

    async def _finish(self, end: JobEnd) -> None:
        events = self._pending.take()
        await self._insist(lambda: self._jobs.finish(self._held, events, end))

    async def _insist(self, call: Callable[[], Job]) -> Job:
        """While the table can't be used, the very same again, as long as the lease lasts: it may have arrived though
        its answer did not, and then readers know that entry as it was. Raises LeaseLost."""
        while True:
            try:
                return await asyncio.to_thread(call)
            except BackendUnavailable as error:
                if self._clock() > (self._held.lease_until or 0.0):
                    raise LeaseLost from error
                log.warning("the job table can't be used", job=self._held.id, problem=error.sentence)
                await asyncio.sleep(self._pace.retry_s)
