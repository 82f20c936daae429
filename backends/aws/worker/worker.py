"""The resident worker: takes turns from the queue, beats, and goes when nothing is left to do.

It may go only on the number of calls it saw before its last look at the queue (see decisions/aws.md): a request that
came meanwhile has counted that number up, and then it stays.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import structlog

from backends.aws.jobs.protocol import Host, HostStore, Message, WorkQueue
from backends.aws.worker.run_job import JobRunner, Verdict
from config.errors import BackendUnavailable

log = structlog.get_logger(__name__)
Reason = Literal["idle", "stopped"]


@dataclass(frozen=True, slots=True)
class Rhythm:
    """In seconds."""

    idle_s: float = 300.0
    """Without work until it goes."""
    poll_s: int = 10
    """One look at the queue waits so long."""
    beat_s: float = 5.0
    hold_s: int = 60
    """So long a message is hidden from others, renewed at half that time."""
    last_s: float = 20.0
    """What ends so soon after a stop is finished, the rest given back."""
    leave_s: float = 15.0
    """Giving back may take so long; then leases run out by themselves."""
    retry_s: float = 2.0
    """After AWS could not be asked."""


class Worker:
    """`here` is what it says of itself; `max_running` jobs are written at the same time. `alive` is called as often as
    it beats, `busy` when it begins or ceases to have work."""

    def __init__(
        self,
        runner: JobRunner,
        queue: WorkQueue,
        hosts: HostStore,
        here: Host,
        *,
        max_running: int,
        rhythm: Rhythm | None = None,
        clock: Callable[[], float] = time.time,
        alive: Callable[[], None] = lambda: None,
        busy: Callable[[bool], Awaitable[None]] | None = None,
    ) -> None:
        self._runner = runner
        self._queue = queue
        self._hosts = hosts
        self._here = here
        self._max_running = max_running
        self._rhythm = rhythm or Rhythm()
        self._clock = clock
        self._alive = alive
        self._busy = busy
        self._running: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
        self._speaking = asyncio.Lock()
        self._gone = False

    def stop(self) -> None:
        """Take nothing more, finish what is nearly done, give the rest back."""
        if not self._stopping.is_set():
            self._stopping.set()
            asyncio.get_running_loop().call_later(self._rhythm.last_s, self._runner.give_back)

    async def run(self) -> Reason:
        """Until it has been idle long enough, or is told to stop."""
        async with asyncio.TaskGroup() as signs:
            lasting = [
                signs.create_task(sign) for sign in (self._keep_beating(), self._keep_alive(), self._keep_busy())
            ]
            reason = await self._work()
            if reason == "stopped":
                await self._say()
                await self._end_running()
            for sign in lasting:
                sign.cancel()
        return reason

    async def _work(self) -> Reason:
        idle_since = self._clock()
        while not self._stopping.is_set():
            try:
                idle_left_s = idle_since + self._rhythm.idle_s - self._clock()
                if await self._take(min(self._rhythm.poll_s, max(math.ceil(idle_left_s), 1))) or self._running:
                    idle_since = self._clock()
                elif self._clock() - idle_since >= self._rhythm.idle_s:
                    if await self._may_go():
                        return "idle"
                    idle_since = self._clock()
            except BackendUnavailable as error:
                log.warning("it is not known whether there is work", problem=error.sentence)
                await self._unless_stopped(asyncio.sleep(self._rhythm.retry_s))
        return "stopped"

    async def _may_go(self) -> bool:
        """Raises BackendUnavailable: who can't look may not go."""
        await self._say()  # another machine of the same name may have said that it goes
        seen = await asyncio.to_thread(self._hosts.host, self._here.name)
        if await self._take(1) or self._stopping.is_set():
            return False
        async with self._speaking:
            self._gone = await asyncio.to_thread(self._hosts.drain, seen, self._clock())
        return self._gone

    async def _take(self, wait_s: int) -> int:
        """How many messages came; waits for room first. Raises BackendUnavailable."""
        room = self._max_running - len(self._running)
        if room <= 0:
            await self._unless_stopped(asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED))
            return 0
        messages = await self._receive(min(room, 10), wait_s)
        for message in messages:
            task = asyncio.create_task(self._run(message))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return len(messages)

    async def _receive(self, limit: int, wait_s: int) -> Sequence[Message]:
        """Nothing when stopped meanwhile: others see it at once. Raises BackendUnavailable."""
        messages = await asyncio.to_thread(self._queue.receive, limit, wait_s)
        if self._stopping.is_set():
            await asyncio.gather(*(self._hold(message, 0) for message in messages))
            return ()
        return messages

    async def _unless_stopped(self, waiting: Awaitable[object]) -> None:
        """Wait for it, but no longer than until a stop."""
        tasks = {asyncio.ensure_future(waiting), asyncio.create_task(self._stopping.wait())}
        _, left = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in left:
            task.cancel()

    # One message

    async def _run(self, message: Message) -> None:
        holding = asyncio.create_task(self._keep_holding(message))
        try:
            verdict = await self._runner.run(message.job_id)
        finally:
            holding.cancel()
        await self._dispose(message, verdict)

    async def _dispose(self, message: Message, verdict: Verdict) -> None:
        log.info("turn ended", job=message.job_id, verdict=verdict.kind)
        again_in_s = verdict.again_in_s(self._clock(), message.deliveries)
        if again_in_s is None:
            await self._try(partial(self._queue.delete, message))
        else:
            await self._hold(message, again_in_s)

    async def _keep_holding(self, message: Message) -> None:
        while True:
            await asyncio.sleep(self._rhythm.hold_s / 2)
            await self._hold(message, self._rhythm.hold_s)

    async def _hold(self, message: Message, seconds: int) -> None:
        await self._try(partial(self._queue.hold, message, seconds))

    async def _try(self, call: Callable[[], object]) -> None:
        """What is missed is made up for: a message comes again, and its job's record decides; a beat follows a beat."""
        try:
            await asyncio.to_thread(call)
        except BackendUnavailable as error:
            log.warning("AWS could not be told", problem=error.sentence)

    async def _end_running(self) -> None:
        """By `stop`, what is not done in time is given back."""
        if self._running:
            _, left = await asyncio.wait(self._running, timeout=self._rhythm.last_s + self._rhythm.leave_s)
            if left:
                log.warning("jobs could not be given back; their leases run out", jobs=len(left))

    # Signs of life

    async def _keep_beating(self) -> None:
        while True:
            await self._say()
            await asyncio.sleep(self._rhythm.beat_s)

    async def _keep_busy(self) -> None:
        """Apart from the beats too: a fleet that doesn't answer is tried for most of a minute."""
        busy = False
        while self._busy is not None:
            if busy != bool(self._running):
                busy = not busy
                await self._busy(busy)
            await asyncio.sleep(self._rhythm.beat_s)

    async def _keep_alive(self) -> None:
        """Apart from the beats: a table that can't be used is no reason to be started anew."""
        while True:
            self._alive()
            await asyncio.sleep(self._rhythm.beat_s)

    async def _say(self) -> None:
        """Nothing more once it said that it goes."""
        async with self._speaking:
            if self._gone:
                return
            state = "draining" if self._stopping.is_set() else "up"
            host = replace(self._here, state=state, beat_at=self._clock(), running=len(self._running))
            await self._try(partial(self._hosts.beat, host))
