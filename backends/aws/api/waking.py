"""After a job was written: tell whoever works, and see that somebody does."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import structlog

from backends.aws.jobs.protocol import HostStore, WorkQueue
from backends.aws.machine.protocol import Machine, TickQueue
from config.aws import Deployment
from config.errors import BackendUnavailable

AGAIN_S = 5
"""A machine that is stopping is asked again so much later."""

AWAKE_S = 15.0
"""A machine that spoke so short a time ago needs no waking: three of its beats."""

Told = TypeVar("Told")

log = structlog.get_logger(__name__)


class Waking:
    def __init__(
        self,
        queue: WorkQueue,
        spare: WorkQueue | None,
        hosts: HostStore,
        machine: Machine,
        ticks: TickQueue | None,
        deployment: Deployment,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._queue = queue
        self._spare = spare
        self._hosts = hosts
        self._machine = machine
        self._ticks = ticks
        self._deployment = deployment
        self._clock = clock

    def announce(self, job_id: str) -> None:
        """Nothing here can lose the job: what fails is done again by the tick, within a minute.

        The call comes after the message: a machine that goes to sleep has seen no call, so its last look at the queue
        was before the message, or it says that it is going, and is woken again as soon as that is possible. One that
        is up when it is called can't go without having seen the call, so EC2 is not asked for it: that takes a second
        of each submit, and many submits at once would be throttled.
        """
        self._tell(job_id, lambda: self._queue.send(job_id))
        host = self._tell(job_id, lambda: self._hosts.call(self._deployment.host))
        if host is not None and host.is_up(self._clock(), AWAKE_S):
            return
        power = self._tell(job_id, self._machine.wake)
        if power is not None and power.no_capacity and self._spare is not None:
            spare = self._spare
            self._tell(job_id, lambda: spare.send(job_id))
        going = (power is not None and power.state == "stopping") or (host is not None and host.state == "draining")
        if going and self._ticks is not None:
            ticks = self._ticks
            self._tell(job_id, lambda: ticks.soon(AGAIN_S))

    def _tell(self, job_id: str, call: Callable[[], Told]) -> Told | None:
        """Whatever one can't be told, the others are."""
        try:
            return call()
        except BackendUnavailable as error:
            log.warning("nobody could be told of a job", job=job_id, problem=error.sentence)
            return None
