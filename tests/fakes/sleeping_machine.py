"""A machine that is on as long as its worker runs, and a submitter who comes while it goes to sleep."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from ulid import ULID

from backends.aws.api.waking import Waking
from backends.aws.jobs.job import LEASE_S, Job, NewJob, Order
from backends.aws.jobs.protocol import Host, HostStore, JobStore, WorkQueue
from backends.aws.machine.protocol import Power, PowerState
from backends.aws.machine.reconciler import Reconciler
from backends.aws.worker.run_job import JobRunner, Pace
from backends.aws.worker.worker import Rhythm, Worker
from config.aws import Deployment
from config.sampling import SamplingOptions
from tests.fakes.scripted_backend import ScriptedBackend


class SleepingMachine:
    """`work` runs while it is on. As EC2 has it, one that stops can't be started before it is off."""

    def __init__(self, work: Callable[[], Awaitable[object]], stopping_s: float) -> None:
        self._work = work
        self._stopping_s = stopping_s
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._state: PowerState = "off"
        self._on: asyncio.Task[None] | None = None
        self.boots = 0

    def wake(self) -> Power:
        """From any thread."""
        with self._lock:
            if self._state == "off":
                self._state = "on"
                self._loop.call_soon_threadsafe(self._boot)
            return Power(self._state, "")

    def power(self) -> Power:
        with self._lock:
            return Power(self._state, "", since=time.time())

    def stop(self) -> None:
        """Never needed: its worker is never dead."""

    def _boot(self) -> None:
        self.boots += 1
        self._on = asyncio.create_task(self._run())

    async def _run(self) -> None:
        await self._work()
        with self._lock:
            self._state = "stopping"
        await asyncio.sleep(self._stopping_s)
        with self._lock:
            self._state = "off"

    async def off(self) -> None:
        while self._on is not None and not self._on.done():
            await self._on


class Jitter:
    """In place of `real`: calls take a little while, before and after, so that threads meet in every order."""

    def __init__(self, real: Any, chance: random.Random, longest_s: float) -> None:
        self._real = real
        self._chance = chance
        self._longest_s = longest_s

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = getattr(self._real, name)

        def asked(*given: Any) -> Any:
            time.sleep(self._chance.random() * self._longest_s)
            answer = call(*given)
            time.sleep(self._chance.random() * self._longest_s)
            return answer

        return asked


@dataclass
class Race:
    """One machine going to sleep, one submit. `tick_s` stands for the seconds until the reconciler looks sooner."""

    jobs: JobStore
    hosts: HostStore
    queue: WorkQueue
    rhythm: Rhythm
    name: str
    tick_s: float = 0.02
    stopping_s: float = 0.03

    async def run(self, submit_after_s: float) -> str:
        """What became of the submit: "stayed" or "started again". Raises TimeoutError for a job that nobody does."""
        self._loop = asyncio.get_running_loop()
        self._deployment = Deployment(mode="ec2", table="t", queue_url="q", host=self.name)
        self._ticks: set[asyncio.Task[object]] = set()
        self._machine = machine = SleepingMachine(self._work, self.stopping_s)
        machine.wake()
        await asyncio.sleep(submit_after_s)
        boots = machine.boots
        job = await asyncio.to_thread(self._submit)
        async with asyncio.timeout(30):
            while (found := await asyncio.to_thread(self.jobs.job, job.id)) and found.is_open:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            while self._ticks:
                await asyncio.gather(*self._ticks)
            await machine.off()
        assert found is not None
        assert (found.state, found.mark.attempt) == ("done", 1)
        return "stayed" if machine.boots == boots else "started again"

    async def _work(self) -> None:
        runner = JobRunner(self.jobs, ScriptedBackend(), str(ULID()), lease_s=LEASE_S, pace=Pace(0.001, 0.1, 0.01))
        await Worker(runner, self.queue, self.hosts, Host(self.name), max_running=4, rhythm=self.rhythm).run()

    def _submit(self) -> Job:
        """As the API does it."""
        now = time.time()
        order = Order(SamplingOptions(seed=1, length=3))
        job = self.jobs.submit(NewJob("bot", self.name, "Once", order, now, now + 300)).job
        Waking(self.queue, None, self.hosts, self._machine, self, self._deployment).announce(job.id)
        return job

    def soon(self, delay_s: int) -> None:
        """The queue of ticks."""
        self._loop.call_soon_threadsafe(self._plan)

    def _plan(self) -> None:
        tick = asyncio.create_task(self._tick())
        self._ticks.add(tick)
        tick.add_done_callback(self._ticks.discard)

    async def _tick(self) -> None:
        await asyncio.sleep(self.tick_s)
        reconciler = Reconciler(self.jobs, self.hosts, self.queue, None, self._machine, self, self._deployment)
        await asyncio.to_thread(reconciler.look)
