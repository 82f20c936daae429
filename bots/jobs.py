"""The durable queue: every accepted request is written first, runs when its turn comes, and ends exactly once."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from backends.explanation import can_explain
from backends.protocol import BackendRegistry, Progress
from backends.store.protocol import Store
from backends.store.records import Accepted, Outcome, RequestRecord, SampleEnd
from bots.fair_queue import FairQueue
from bots.job_run import FAILED_INSIDE, JobRun, begin_samples, save_end
from bots.places import Places
from bots.presenter import duration, present
from bots.reply import PATIENCE_S, Front, LiveReply, Reply
from bots.views import ResultView
from bots.word_filter import make_filter
from config.errors import InklingError, NotFound, Overloaded
from config.settings import LimitSettings

FIRST_GUESS_S = 5.0
DELIVER_WITHIN = timedelta(days=1)
"""How long after its end a result whose end was never shown is still worth showing."""
CLOSING_GRACE_S = 5.0
SHOW_AGAIN_AFTER = (1, 4, 20)
"""When to show an end again that a platform refused, in times of the patience with one call: 30 s, 2 min, 10 min."""
UNSEEN = "stopped: its message was deleted"

log = structlog.get_logger(__name__)


@dataclass(eq=False, slots=True)
class Job:
    """A request that waits, runs or is being shown for the last time. `finished` is set when that was done."""

    record: RequestRecord
    live: LiveReply
    finished: asyncio.Event = field(default_factory=asyncio.Event)
    run: JobRun | None = None
    stopped: str | None = None
    """Why it was stopped, if it was, maybe before `run` was there."""


class Jobs:
    """Accepts, orders, runs, stops, delivers and resumes requests."""

    def __init__(
        self,
        store: Store,
        backends: BackendRegistry,
        fronts: Mapping[str, Front],
        limits: LimitSettings,
        now: Callable[[], datetime],
        patience_s: float = PATIENCE_S,
    ) -> None:
        """`patience_s` is how long one call to a platform may take; no request waits for another's platform."""
        self._store = store
        self._backends = backends
        self._fronts = fronts
        self._places = Places(fronts, store, self.opened)
        self._limits = limits
        self._now = now
        self._patience_s = patience_s
        self._waiting: FairQueue[Job] = FairQueue()
        self._jobs: dict[str, Job] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._background: set[asyncio.Task[Any]] = set()
        self._later: set[asyncio.Task[None]] = set()
        self._accepting = 0
        self._closing = False
        self._durations: deque[float] = deque([FIRST_GUESS_S], maxlen=20)

    @property
    def running(self) -> int:
        return len(self._running)

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    async def accept(self, record: RequestRecord, reply: Reply) -> Accepted:
        """Write the request and let it wait its turn; `opened` tells when it is shown. Overloaded when full.

        Once the writing has begun it is finished, even if the caller is cancelled.
        """
        self._take_places(1)
        return await asyncio.shield(self._spawn(self._accept(record, reply)))

    async def accept_both(self, first: RequestRecord, reply: Reply, second: RequestRecord) -> tuple[Accepted, Accepted]:
        """As `accept`, in one write; the second, whose origin is the first, is shown beside it."""
        self._take_places(2)
        return await asyncio.shield(self._spawn(self._accept_both(first, reply, second)))

    async def _accept(self, record: RequestRecord, reply: Reply) -> Accepted:
        try:
            accepted = await self._store.accept(record)
        finally:
            self._accepting -= 1
        self._enter_new((accepted, reply))
        return accepted

    async def _accept_both(
        self, first: RequestRecord, reply: Reply, second: RequestRecord
    ) -> tuple[Accepted, Accepted]:
        try:
            one, other = await self._store.accept_both(first, second)
        finally:
            self._accepting -= 2
        self._enter_new((one, reply), (other, self._places.beside(second)))
        return one, other

    def _enter_new(self, *accepted: tuple[Accepted, Reply]) -> None:
        for each, reply in accepted:
            if each.created:
                self._enter(each.record, reply)
        self._start_next()

    def _take_places(self, count: int) -> None:
        """Overloaded when so many have no room."""
        if self._closing:
            raise Overloaded("Inkling is restarting. Try again in about a minute.", 60.0)
        waiting = self.waiting + self._accepting
        free = self._limits.max_running - self.running
        if waiting + count > self._limits.max_queued + max(free, 0):
            seconds = self._eta(waiting)
            raise Overloaded(f"The queue is full ({waiting} waiting). Try again in about {duration(seconds)}.", seconds)
        self._accepting += count

    async def opened(self, request_id: str) -> str | None:
        """Until the request was shown for the first time: the reference to it. None when its platform refused, and at
        once if it isn't open here."""
        job = self._jobs.get(request_id)
        return None if job is None else await job.live.opened()

    def _enter(self, record: RequestRecord, reply: Reply) -> None:
        if record.id in self._jobs or self._closing:
            return
        job = Job(record, LiveReply(reply, self._patience_s, lambda: self._stop(job, UNSEEN)))
        self._jobs[record.id] = job
        self._waiting.push((str(record.workspace), record.requester_id), job)
        job.live.open(present(record, (), self._place(job)))
        self._spawn(self._keep_reference(job))

    async def _keep_reference(self, job: Job) -> None:
        reference = await job.live.opened()
        if reference is None or reference == job.record.reply_ref:
            return
        try:
            await self._store.set_reply(job.record.id, reference)
        except Exception:
            log.exception("job.reference_lost", request_id=job.record.id)

    def _place(self, job: Job) -> Progress | None:
        """Where a job stands; None when it can start at once."""
        position = self._waiting.order().index(job)
        if position < self._limits.max_running - self.running:
            return None
        return Progress("queued", position, self._eta(position))

    def _eta(self, position: int) -> float:
        average = sum(self._durations) / len(self._durations)
        return average * (position // self._limits.max_running + 1)

    def _start_next(self) -> None:
        while self._waiting and self.running < self._limits.max_running and not self._closing:
            job = self._waiting.pop()
            task = asyncio.create_task(self._work(job), name=f"job {job.record.id}")
            self._running.add(task)
            task.add_done_callback(self._worked)
        self._tell_positions()

    def _tell_positions(self) -> None:
        for position, job in enumerate([] if self._closing else self._waiting.order()):
            job.live.show(present(job.record, (), Progress("queued", position, self._eta(position))))

    def _worked(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._start_next()

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task

    async def _work(self, job: Job) -> None:
        started = asyncio.get_running_loop().time()
        view = await self._end_surely(job, self._run(job))
        self._durations.append(asyncio.get_running_loop().time() - started)
        self._spawn(self._deliver(job, view))

    async def _run(self, job: Job) -> ResultView | None:
        try:
            job.run = await self._prepare(job)
        except NotFound as error:
            return await self._end_unrun(job, Outcome("failed", self._now(), None, error.sentence, job.record.notes))
        if job.stopped is not None:
            job.run.stop(job.stopped)
        return await job.run.run()

    async def _prepare(self, job: Job) -> JobRun:
        record = job.record
        backend = self._backends.get(record.backend)
        rules = (await self._store.workspace(record.workspace)).settings
        return JobRun(
            record,
            await self._store.samples(record.id),
            self._store,
            backend,
            job.live,
            make_filter(rules.word_filter),
            self._limits.deadline_s,
            self._now,
        )

    async def stop(self, request_id: str, by: str) -> bool:
        """End an open request, keeping its text; False if it isn't open. Returns once the end is shown."""
        job = self._jobs.get(request_id)
        if job is None:
            return False
        self._stop(job, f"stopped by @{by}")
        await job.finished.wait()
        return True

    def _stop(self, job: Job, reason: str) -> None:
        """Begin to end it; the first reason holds."""
        if job.stopped is not None:
            return
        job.stopped = reason
        if self._waiting.remove(job):
            self._spawn(self._stop_waiting(job, reason))
            self._tell_positions()
        elif job.run is not None:
            job.run.stop(reason)

    async def _stop_waiting(self, job: Job, reason: str) -> None:
        outcome = Outcome("stopped", self._now(), None, reason, job.record.notes)
        await self._deliver(job, await self._end_surely(job, self._end_unrun(job, outcome)))

    async def _end_surely(self, job: Job, ending: Coroutine[Any, Any, ResultView | None]) -> ResultView | None:
        """The final view; when the store fails, try once more to end the request as failed, else leave it open."""
        try:
            return await ending
        except Exception:
            log.exception("job.crashed", request_id=job.record.id)
        try:
            return await self._end_unrun(job, Outcome("failed", self._now(), None, FAILED_INSIDE, job.record.notes))
        except Exception:
            log.exception("job.left_open", request_id=job.record.id)
            return None

    async def _end_unrun(self, job: Job, outcome: Outcome) -> ResultView | None:
        samples = begin_samples(job.record, await self._store.samples(job.record.id))
        unfinished: SampleEnd = "stopped" if outcome.status == "stopped" else "failed"
        explains = can_explain(self._backends, job.record.backend)
        return await save_end(self._store, job.record, outcome, samples, unfinished, explains)

    async def _deliver(self, job: Job, view: ResultView | None, attempt: int = 0) -> None:
        """Show the final view; one that could not be shown is tried again a few times, and after the next start."""
        shown = False
        try:
            if view is not None and await job.live.finish(view):
                shown = True
                await self._store.mark_delivered(job.record.id)
        except Exception:
            log.exception("job.not_marked_delivered", request_id=job.record.id)
        finally:
            await job.live.aclose()
            self._jobs.pop(job.record.id, None)
            job.finished.set()
        if view is not None and not shown and attempt < len(SHOW_AGAIN_AFTER) and not self._closing:
            self._show_later(job.record.id, attempt)

    def _show_later(self, request_id: str, attempt: int) -> None:
        task = asyncio.create_task(self._deliver_later(request_id, attempt))
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def _deliver_later(self, request_id: str, attempt: int) -> None:
        """A platform that refused an end may take it when its trouble is over."""
        await asyncio.sleep(SHOW_AGAIN_AFTER[attempt] * self._patience_s)
        try:
            record = await self._store.request(request_id)
        except Exception:
            log.exception("job.not_shown_again", request_id=request_id)
            return
        if record is None or not self._is_new(record) or self._closing:
            return
        job = Job(record, LiveReply(self._places.reopen(record), self._patience_s))
        self._jobs[request_id] = job
        await self._deliver(job, await self._final_view(record), attempt + 1)

    async def wait(self, request_id: str) -> None:
        """Until the request has ended and its end was shown; at once if it isn't open here."""
        job = self._jobs.get(request_id)
        if job is not None:
            await job.finished.wait()

    async def failure(self, request_id: str) -> InklingError | None:
        """As `wait`; what made the request fail, when it failed here and now."""
        job = self._jobs.get(request_id)
        if job is None:
            return None
        await job.finished.wait()
        return job.run.error if job.run is not None else None

    async def resume(self) -> int:
        """After a start: show the ends that were not shown, and take up every open request again, with the same seed
        and so the same text; returns how many were open. What another bot works on stays its own."""
        return await self._take_up(own_too=True)

    async def take_over(self) -> int:
        """The same with what bots left that shared the store and are gone."""
        return await self._take_up(own_too=False)

    async def _take_up(self, own_too: bool) -> int:
        unshown = [r for r in await self._store.undelivered(self._now() - DELIVER_WITHIN) if self._is_new(r)]
        resumed = [record for record in await self._store.open_requests() if self._is_new(record)]
        ours = await self._store.take([record.id for record in (*unshown, *resumed)], own_too)
        unshown = [record for record in unshown if record.id in ours]
        resumed = [record for record in resumed if record.id in ours]
        for record in resumed:
            self._enter(record, self._places.reopen(record))
        self._start_next()
        jobs = [Job(record, LiveReply(self._places.reopen(record), self._patience_s)) for record in unshown]
        self._jobs.update({job.record.id: job for job in jobs})
        self._spawn(self._deliver_again(jobs))
        return len(resumed)

    def _is_new(self, record: RequestRecord) -> bool:
        return record.workspace.front in self._fronts and record.id not in self._jobs

    async def _deliver_again(self, jobs: list[Job]) -> None:
        """One after the other, so that a start doesn't flood the platforms."""
        for job in jobs:
            await self._deliver(job, await self._final_view(job.record))

    async def _final_view(self, record: RequestRecord) -> ResultView | None:
        try:
            explains = can_explain(self._backends, record.backend)
            return present(record, await self._store.samples(record.id), explains=explains)
        except Exception:
            log.exception("job.unreadable", request_id=record.id)
            return None

    async def aclose(self) -> None:
        """Stop working; open requests stay open in the store, with the text so far."""
        self._closing = True
        for task in (*self._running, *self._later):
            task.cancel()
        await asyncio.gather(*self._running, *self._later, return_exceptions=True)
        if self._background:
            await asyncio.wait(self._background, timeout=min(CLOSING_GRACE_S, self._patience_s))
        await asyncio.gather(*(job.live.aclose() for job in self._jobs.values()))
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        for job in self._jobs.values():
            job.finished.set()
        self._jobs.clear()
