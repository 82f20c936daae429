"""What must come right whoever broke off: a look at everything open, every minute, by somebody who holds nothing."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import structlog

from backends.aws.fault import described
from backends.aws.jobs.job import Job
from backends.aws.jobs.protocol import HostStore, JobStore, WorkQueue
from backends.aws.jobs.settling import due_end, is_held
from backends.aws.machine.keeper import MachineKeeper
from backends.aws.machine.protocol import Machine, Power, TickQueue
from config.aws import Deployment
from config.errors import BackendUnavailable

CLOCKS_APART_S = 60.0
"""So far the clocks of a worker and of a function may be apart."""
OVERDUE_S = 60.0
"""A job that nobody took for so long has perhaps lost its message."""
ARRIVES_S = 90.0
"""A machine that was woken is there after so long, or does not come."""
MACHINE_S = 20.0
"""So much of its time a look keeps for the machine."""
LAST_S = 5.0

Found = Literal["ended", "requeued", "resent", "left"]
log = structlog.get_logger(__name__)


class Backlog(Protocol):
    def report(self, open_jobs: int) -> None:
        """Tell what a fleet is scaled by. Raises BackendUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class Tally:
    """What one look did, for the log and for tests."""

    open: int = 0
    ended: int = 0
    requeued: int = 0
    resent: int = 0
    power: Power | None = None


class Reconciler:
    def __init__(
        self,
        jobs: JobStore,
        hosts: HostStore,
        queue: WorkQueue,
        spare: WorkQueue | None,
        machine: Machine,
        ticks: TickQueue | None,
        deployment: Deployment,
        *,
        backlog: Backlog | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._jobs = jobs
        self._queue = queue
        self._spare = spare
        self._backlog = backlog
        self._clock = clock
        has_machine = deployment.mode != "serverless"
        self._keeper = MachineKeeper(machine, hosts, deployment.host, ticks, clock) if has_machine else None

    def look(self, remaining_s: Callable[[], float] = lambda: 60.0) -> Tally:
        """At every open job, then at the machine: every minute. Ends in time, since the next look comes soon."""
        found: Counter[Found] = Counter()
        still_open: list[Job] = []
        for job in self._jobs.open_jobs():
            if remaining_s() < MACHINE_S:
                log.warning("a look was cut short", seen=found.total())
                break
            did = self._look_safely_at(job)
            found[did] += 1
            if did != "ended":
                still_open.append(job)
        waiting = [job for job in still_open if not is_held(job, self._clock())]
        power = self._keeper.attend(bool(waiting)) if self._keeper else None
        self._report(len(still_open))
        self._hand_over(waiting, power, remaining_s)
        return Tally(found.total(), found["ended"], found["requeued"], found["resent"], power)

    def look_again(self) -> Power | None:
        """At the machine alone, before the minute is over: somebody waits for one that is on its way out."""
        if self._keeper is None:
            return None
        return self._keeper.attend(any(self._waits(job) for job in self._jobs.open_jobs()))

    # One job

    def _look_safely_at(self, job: Job) -> Found:
        """One job's trouble keeps no other from being looked at."""
        try:
            return self._look_at(job)
        except BackendUnavailable as error:
            log.warning("a job could not be looked at", job=job.id, problem=error.sentence)
        except Exception as error:
            log.error("a job could not be looked at", job=job.id, **described(error))
        return "left"

    def _look_at(self, job: Job) -> Found:
        now = self._clock()
        if self._may_be_held(job, now):
            return "left"
        if due_end(job, now):
            return "ended" if self._end(job) else "left"
        if job.state == "running":
            if not self._jobs.requeue(job, now):
                return "left"
            self._queue.send(job.id)
            return "requeued"
        # Once a minute from then on, so that a lost message costs a minute and a long queue few messages.
        if now - job.created_at < OVERDUE_S:
            return "left"
        self._queue.send(job.id)
        return "resent"

    def _may_be_held(self, job: Job, now: float) -> bool:
        """A worker's clock may be behind, and its lease look dead though it is renewed; past the deadline that is no
        excuse."""
        return is_held(job, now if now >= job.deadline_at else now - CLOCKS_APART_S)

    def _end(self, seen: Job) -> bool:
        """Tried again, since a worker that is stuck may still write between our look and our word."""
        job: Job | None = seen
        for _ in range(3):
            end = due_end(job, self._clock()) if job else None
            if job is None or end is None:
                return False
            if self._jobs.resolve(job, end):
                log.info("job ended", job=job.id, state=end.state, code=end.failure.code if end.failure else None)
                return True
            job = self._jobs.job(job.id)
        return False

    def _waits(self, job: Job) -> bool:
        """For somebody to take it."""
        return not is_held(job, self._clock()) and due_end(job, self._clock()) is None

    # Beside the machine

    def _report(self, open_jobs: int) -> None:
        if self._backlog is None:
            return
        try:
            self._backlog.report(open_jobs)
        except BackendUnavailable as error:
            log.warning("the fleet was not told what waits", problem=error.sentence)

    def _hand_over(self, waiting: Sequence[Job], power: Power | None, remaining_s: Callable[[], float]) -> None:
        """To Lambda, where it is there too: what the machine can't come for, or has not come for."""
        if self._spare is None or self._keeper is None or not waiting:
            return
        no_capacity = power is not None and power.no_capacity
        try:
            if not no_capacity and self._keeper.is_heard():
                return
            for job in waiting:
                if remaining_s() > LAST_S and (no_capacity or self._clock() - job.created_at > ARRIVES_S):
                    self._spare.send(job.id)
        except BackendUnavailable as error:
            log.warning("Lambda was not told of all that waits", problem=error.sentence)
