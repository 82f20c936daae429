"""The durable queue: every accepted request is written first, runs when its turn comes, and ends exactly once."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog

from backends.protocol import BackendRegistry, Progress
from backends.store.protocol import Store
from backends.store.records import Accepted, Outcome, RequestRecord, SampleEnd, SampleRecord
from bots.fair_queue import FairQueue
from bots.job_run import JobRun, ended
from bots.presenter import present
from bots.reply import Front, LiveReply, Reply
from bots.word_filter import WordFilter
from config.errors import NotFound, Overloaded
from config.settings import LimitSettings

FIRST_GUESS_S = 5.0

log = structlog.get_logger(__name__)


@dataclass(eq=False, slots=True)
class Job:
    """A request that waits or runs. `finished` is set when its final view was shown."""

    record: RequestRecord
    live: LiveReply
    finished: asyncio.Event
    run: JobRun | None = None
    stopped_by: str | None = None
    """Set when somebody stopped it, maybe before `run` was there."""


class Jobs:
    """Accepts, orders, runs, stops and resumes requests."""

    def __init__(
        self,
        store: Store,
        backends: BackendRegistry,
        fronts: Mapping[str, Front],
        limits: LimitSettings,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._backends = backends
        self._fronts = fronts
        self._limits = limits
        self._now = now
        self._waiting: FairQueue[Job] = FairQueue()
        self._jobs: dict[str, Job] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._accepting = 0
        self._durations: deque[float] = deque([FIRST_GUESS_S], maxlen=20)

    @property
    def running(self) -> int:
        return len(self._tasks)

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    async def submit(self, record: RequestRecord, reply: Reply) -> Accepted:
        """Write the request, show it, and let it wait its turn. Overloaded when the queue is full."""
        self._refuse_when_full()
        self._accepting += 1
        try:
            accepted = await self._store.accept(record)
        finally:
            self._accepting -= 1
        if accepted.created:
            await self._enter(record, LiveReply(reply))
        return accepted

    def _refuse_when_full(self) -> None:
        waiting = self.waiting + self._accepting
        free = self._limits.max_running - self.running
        if waiting >= self._limits.max_queued + max(free, 0):
            seconds = self._eta(waiting)
            raise Overloaded(
                f"The queue is full ({waiting} waiting). Try again in about {max(1, round(seconds / 60))} minutes.",
                seconds,
            )

    async def _enter(self, record: RequestRecord, live: LiveReply) -> None:
        job = Job(record, live, asyncio.Event())
        self._jobs[record.id] = job
        owner = (str(record.workspace), record.requester_id)
        self._waiting.push(owner, job)
        reference = await live.open(present(record, (), self._place(job)))
        if reference is not None and reference != record.reply_ref:
            await self._store.set_reply(record.id, reference)
        self._start_next()

    def _place(self, job: Job) -> Progress | None:
        """Where a job stands; None when it can start at once."""
        order = self._waiting.order()
        position = order.index(job) if job in order else 0
        if position < self._limits.max_running - self.running:
            return None
        return Progress("queued", position, self._eta(position))

    def _eta(self, position: int) -> float:
        average = sum(self._durations) / len(self._durations)
        return average * (position // self._limits.max_running + 1)

    def _start_next(self) -> None:
        while self._waiting and self.running < self._limits.max_running:
            job = self._waiting.pop()
            task = asyncio.create_task(self._work(job), name=f"job {job.record.id}")
            self._tasks.add(task)
            task.add_done_callback(self._worked)
        self._tell_positions()

    def _tell_positions(self) -> None:
        for job in self._waiting.order():
            job.live.show(present(job.record, (), self._place(job)))

    def _worked(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        if task.exception() is not None:
            log.error("job.crashed", exc_info=task.exception())
        self._start_next()

    async def _work(self, job: Job) -> None:
        started = asyncio.get_running_loop().time()
        try:
            job.run = await self._prepare(job)
            if job.stopped_by is not None:
                job.run.stop(job.stopped_by)
            await job.run.run()
        except NotFound as error:
            await self._end_unrun(job, Outcome("failed", self._now(), None, error.sentence, job.record.notes))
        self._durations.append(asyncio.get_running_loop().time() - started)
        self._jobs.pop(job.record.id, None)
        job.finished.set()

    async def _prepare(self, job: Job) -> JobRun:
        backend = self._backends.get(job.record.backend)
        rules = (await self._store.workspace(job.record.workspace)).settings
        return JobRun(
            job.record,
            self._store,
            backend,
            job.live,
            WordFilter(rules.word_filter),
            self._limits.deadline_s,
            self._now,
        )

    async def stop(self, request_id: str, by: str) -> bool:
        """End an open request, keeping its text; False if it isn't open. Returns once the end is shown."""
        job = self._jobs.get(request_id)
        if job is None:
            return False
        if self._waiting.remove(job):
            outcome = Outcome("stopped", self._now(), None, f"stopped by @{by}", job.record.notes)
            await self._end_unrun(job, outcome)
            self._jobs.pop(request_id, None)
            job.finished.set()
            self._tell_positions()
            return True
        job.stopped_by = by
        if job.run is not None:
            job.run.stop(by)
        await job.finished.wait()
        return True

    async def _end_unrun(self, job: Job, outcome: Outcome) -> None:
        end: SampleEnd = "stopped" if outcome.status == "stopped" else "failed"
        options = job.record.options
        samples = [SampleRecord(job.record.id, i, options.seed_of(i), end=end) for i in range(options.samples)]
        if await self._store.finish(job.record.id, outcome, samples):
            await job.live.finish(present(ended(job.record, outcome), samples))

    async def wait(self, request_id: str) -> None:
        """Until the request has ended; at once if it isn't open here."""
        job = self._jobs.get(request_id)
        if job is not None:
            await job.finished.wait()

    async def resume(self) -> int:
        """After a start: take up every open request again, with the same seed and so the same text."""
        records = await self._store.open_requests()
        resumed = [record for record in records if record.workspace.front in self._fronts]
        for record in resumed:
            await self._enter(record, LiveReply(self._fronts[record.workspace.front].reopen(record)))
        return len(resumed)

    async def aclose(self) -> None:
        """Stop working; open requests stay open in the store, with the text so far."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for job in self._waiting.order():
            await job.live.aclose()
