"""What must come right whoever broke off: a look at everything open, every minute, by somebody who holds nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

from backends.aws.jobs.job import Job
from backends.aws.jobs.protocol import Host, HostStore, JobStore, WorkQueue
from backends.aws.jobs.settling import due_end, is_held
from backends.aws.machine.protocol import Machine, Power, TickQueue
from config.aws import Deployment
from config.errors import BackendUnavailable

OVERDUE_S = 60.0
"""A job that nobody took for so long has perhaps lost its message."""
ARRIVES_S = 90.0
"""A machine that was woken is there after so long, or does not come."""
DEAD_S = 180.0
"""A machine that is on and said nothing for so long has died without noticing."""
AGAIN_S = 5

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
        self._hosts = hosts
        self._queue = queue
        self._spare = spare
        self._machine = machine
        self._ticks = ticks
        self._deployment = deployment
        self._backlog = backlog
        self._clock = clock

    def look(self, remaining_s: Callable[[], float] = lambda: 60.0) -> Tally:
        """At every open job, then at the machine; ends in time, since the next look comes soon. One job's trouble
        keeps no other from being looked at."""
        seen = ended = requeued = resent = 0
        for job in self._jobs.open_jobs():
            if remaining_s() < 5:
                log.warning("a look was cut short", seen=seen)
                break
            seen += 1
            try:
                did = self._look_at(job)
            except BackendUnavailable as error:
                log.warning("a job could not be looked at", job=job.id, problem=error.sentence)
                continue
            ended, requeued, resent = ended + (did == "ended"), requeued + (did == "requeued"), resent + bool(did)
        power = self._look_at_machine(waiting=seen - ended)
        return Tally(seen, ended, requeued, resent - ended, power)

    def _look_at(self, job: Job) -> str:
        now = self._clock()
        if is_held(job, now):
            return ""
        end = due_end(job, now)
        if end is not None:
            return "ended" if self._jobs.resolve(job, end) else ""
        if job.state == "running":
            if not self._jobs.requeue(job, now):
                return ""
            self._send(job, now)
            return "requeued"
        # Once a minute from then on, so that a lost message costs a minute and a long queue few messages.
        if now - job.created_at < OVERDUE_S:
            return ""
        self._send(job, now)
        return "resent"

    def _send(self, job: Job, now: float) -> None:
        """Where there is a spare queue, that too once the machine has had its time to come."""
        self._queue.send(job.id)
        if self._spare is not None and now - job.created_at > ARRIVES_S and not self._is_beating():
            self._spare.send(job.id)

    def _is_beating(self) -> bool:
        host = self._hosts.host(self._deployment.host)
        return host.state == "up" and self._clock() - host.beat_at < DEAD_S / 2

    def _look_at_machine(self, waiting: int) -> Power | None:
        if self._deployment.mode == "serverless":
            return None
        try:
            if self._backlog is not None:
                self._backlog.report(waiting)
            return self._see_to_machine(waiting)
        except BackendUnavailable as error:
            log.warning("the machine could not be seen to", problem=error.sentence)
            return None

    def _see_to_machine(self, waiting: int) -> Power:
        host = self._hosts.host(self._deployment.host)
        if waiting and not self._is_beating():
            self._machine.wake()
        power = self._machine.power()
        if waiting and self._ticks is not None and (power.state == "stopping" or _is_going(host, power)):
            self._ticks.soon(AGAIN_S)
        if power.state == "on" and self._is_dead(host, power):
            log.error("the machine has died without noticing; it is stopped", host=host.name)
            self._machine.stop()
        return power

    def _is_dead(self, host: Host, power: Power) -> bool:
        """Nothing was heard for long, neither since its last beat nor since it was started."""
        last = max(host.beat_at, power.since or self._clock())
        return self._clock() - last > DEAD_S


def _is_going(host: Host, power: Power) -> bool:
    """Nothing was heard since it said so: it may still be on its way out, and then there is nobody."""
    return host.state == "draining" and power.state in ("on", "starting")
