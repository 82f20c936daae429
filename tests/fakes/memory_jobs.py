"""The job table, hosts and queue in memory, with the conditions of the real ones: what they mean, in plain Python."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from ulid import ULID

from backends.aws.jobs.job import LEASE_S, MAX_TRIES, Job, JobEnd, JournalEvent, JournalPage, Mark, NewJob, Submission
from backends.aws.jobs.protocol import Host, KeyReused, LeaseLost, LeaseRefused, Message


@dataclass
class MemoryJobs:
    jobs: dict[str, Job] = field(default_factory=dict)
    prompts: dict[str, str] = field(default_factory=dict)
    keys: dict[tuple[str, str], tuple[str, NewJob]] = field(default_factory=dict)
    entries: dict[tuple[str, Mark], tuple[JournalEvent, ...]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def submit(self, new: NewJob) -> Submission:
        with self.lock:
            known = self.keys.get((new.owner, new.key))
            if known is not None:
                if (known[1].prompt, known[1].order) != (new.prompt, new.order):
                    raise KeyReused
                return Submission(self.jobs[known[0]], created=False)
            job = Job(str(ULID()), new.owner, new.order, new.created_at, new.deadline_at)
            self.keys[new.owner, new.key] = (job.id, new)
            self.prompts[job.id] = new.prompt
            self.jobs[job.id] = job
            return Submission(job, created=True)

    def job(self, job_id: str) -> Job | None:
        return self.jobs.get(job_id)

    def prompt(self, job_id: str) -> str:
        return self.prompts[job_id]

    def journal(self, job_id: str, after: Mark, upto: Mark) -> JournalPage:
        start = after.sequence if after.attempt == upto.attempt else 0
        marks = [Mark(upto.attempt, number) for number in range(start + 1, upto.sequence + 1)]
        events = tuple(event for mark in marks for event in self.entries.get((job_id, mark), ()))
        return JournalPage(events, marks[-1] if marks else Mark(upto.attempt, start))

    def lease(self, job_id: str, worker: str, now: float) -> Job:
        with self.lock:
            job = self.jobs.get(job_id)
            if job is None or not _can_lease(job, now):
                raise LeaseRefused(job)
            return self._put(
                replace(
                    job,
                    state="running",
                    mark=Mark(job.mark.attempt + 1),
                    worker=worker,
                    tries=job.tries + 1,
                    lease_until=min(now + LEASE_S, job.deadline_at),
                    started_at=job.started_at or now,
                )
            )

    def write(self, held: Job, events: Sequence[JournalEvent], now: float) -> Job:
        with self.lock:
            job = self._held(held)
            if events:
                job = self._append(job, held.mark, events)
            return self._put(replace(job, lease_until=min(now + LEASE_S, job.deadline_at)))

    def finish(self, held: Job, events: Sequence[JournalEvent], end: JobEnd) -> Job:
        with self.lock:
            mark = _next(held.mark) if events else held.mark
            job = self.jobs[held.id]
            if replace(job, cancel_requested=held.cancel_requested) == _ended(replace(held, mark=mark), end):
                return job
            job = self._held(held)
            if job.mark != held.mark:
                raise LeaseLost
            if events:
                job = self._append(job, held.mark, events)
            return self._put(_ended(job, end))

    def release(self, held: Job) -> bool:
        with self.lock:
            try:
                job = self._held(held)
            except LeaseLost:
                return False
            self._put(replace(job, state="queued", worker=None, lease_until=None, tries=job.tries - 1))
            return True

    def cancel(self, job_id: str, now: float) -> Job | None:
        with self.lock:
            job = self.jobs.get(job_id)
            if job is None or not job.is_open:
                return job
            if job.state == "queued":
                return self._put(_ended(replace(job, cancel_requested=True), JobEnd("cancelled", now)))
            return self._put(replace(job, cancel_requested=True))

    def requeue(self, seen: Job, now: float) -> bool:
        with self.lock:
            if not self._is_as(seen) or seen.state != "running" or (seen.lease_until or 0) >= now:
                return False
            self._put(replace(self.jobs[seen.id], state="queued", worker=None, lease_until=None))
            return True

    def resolve(self, seen: Job, end: JobEnd) -> bool:
        with self.lock:
            if not seen.is_open or not self._is_as(seen):
                return False
            self._put(_ended(self.jobs[seen.id], end))
            return True

    def open_jobs(self) -> Iterator[Job]:
        return iter(sorted((job for job in self.jobs.values() if job.is_open), key=lambda job: job.id))

    def count_open(self, before: Job | None = None, limit: int = 1000) -> int:
        return min(limit, sum(1 for job in self.open_jobs() if before is None or job.id < before.id))

    def _put(self, job: Job) -> Job:
        self.jobs[job.id] = job
        return job

    def _held(self, held: Job) -> Job:
        job = self.jobs.get(held.id)
        if job is None or job.state != "running":
            raise LeaseLost
        if (job.worker, job.mark.attempt) != (held.worker, held.mark.attempt):
            raise LeaseLost
        return job

    def _append(self, job: Job, after: Mark, events: Sequence[JournalEvent]) -> Job:
        mark = _next(after)
        if job.mark == mark and self.entries[job.id, mark] == tuple(events):
            return job
        if job.mark != after:
            raise LeaseLost
        self.entries[job.id, mark] = tuple(events)
        return replace(job, mark=mark)

    def _is_as(self, seen: Job) -> bool:
        job = self.jobs.get(seen.id)
        return job is not None and (job.state, job.mark, job.lease_until) == (seen.state, seen.mark, seen.lease_until)


def _can_lease(job: Job, now: float) -> bool:
    if job.cancel_requested or now >= job.deadline_at or job.tries >= MAX_TRIES:
        return False
    return job.state == "queued" or (job.state == "running" and (job.lease_until or 0) < now)


def _next(mark: Mark) -> Mark:
    return Mark(mark.attempt, mark.sequence + 1)


def _ended(job: Job, end: JobEnd) -> Job:
    return replace(
        job,
        state=end.state,
        finished_at=end.at,
        failure=end.failure,
        model=end.model,
        worker=None,
        lease_until=None,
    )


@dataclass
class MemoryHosts:
    hosts: dict[str, Host] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def host(self, name: str) -> Host:
        return self.hosts.get(name, Host(name))

    def call(self, name: str) -> Host:
        with self.lock:
            host = self.host(name)
            self.hosts[name] = replace(host, wake=host.wake + 1)
            return self.hosts[name]

    def beat(self, host: Host) -> Host:
        with self.lock:
            self.hosts[host.name] = replace(host, wake=self.host(host.name).wake)
            return self.hosts[host.name]

    def drain(self, seen: Host, now: float) -> bool:
        with self.lock:
            host = self.host(seen.name)
            if host.wake != seen.wake or host.state != "up":
                return False
            self.hosts[seen.name] = replace(host, state="draining", beat_at=now)
            return True


@dataclass
class MemoryQueue:
    """Messages by receipt, with when each may be seen by `clock`, in seconds."""

    clock: Callable[[], float] = time.monotonic
    messages: dict[str, tuple[float, Message]] = field(default_factory=dict)
    visibility_s: float = 60.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, job_id: str, delay_s: int = 0) -> None:
        with self.lock:
            receipt = str(ULID())
            self.messages[receipt] = (self.clock() + delay_s, Message(job_id, receipt, 0))

    def receive(self, limit: int, wait_s: int) -> Sequence[Message]:
        """What is there; waits for nothing."""
        with self.lock:
            due = [receipt for receipt, (at, _) in self.messages.items() if at <= self.clock()][:limit]
            for receipt in due:
                message = self.messages[receipt][1]
                delivered = replace(message, deliveries=message.deliveries + 1)
                self.messages[receipt] = (self.clock() + self.visibility_s, delivered)
            return [self.messages[receipt][1] for receipt in due]

    def delete(self, message: Message) -> None:
        self.messages.pop(message.receipt, None)

    def hold(self, message: Message, seconds: int) -> None:
        with self.lock:
            if message.receipt in self.messages:
                self.messages[message.receipt] = (self.clock() + seconds, message)
