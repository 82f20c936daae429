"""The resident worker on a table and a queue in memory: what it takes, when it goes, how it stops."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest

from backends.aws.jobs.job import LEASE_S, Job
from backends.aws.jobs.protocol import Host, Message
from backends.aws.worker.run_job import JobRunner, Pace
from backends.aws.worker.worker import Reason, Rhythm, Worker
from tests.backends.aws.jobs.contract import new_job
from tests.fakes.lossy import Lossy
from tests.fakes.memory_jobs import MemoryHosts, MemoryJobs, MemoryQueue
from tests.fakes.scripted_backend import ScriptedBackend

QUICK = Pace(write_s=0.01, beat_s=0.02, retry_s=0.01)
RHYTHM = Rhythm(idle_s=300, poll_s=10, beat_s=0.02, hold_s=60, last_s=20, leave_s=5, retry_s=0.01)
HERE = "worker"


@dataclass
class Clock:
    """Goes on by itself, and by what polls would wait."""

    ahead_s: float = 0.0
    started: float = field(default_factory=time.time)

    def __call__(self) -> float:
        return time.time() + self.ahead_s


@dataclass
class PollingQueue(MemoryQueue):
    """A look that finds nothing takes its time on the clock, and next to none here. `looks` are how long each may wait;
    `meanwhile` happens within the next look of one second, which is a worker's last; `found` within each
    that finds something."""

    time: Clock = field(default_factory=Clock)
    looks: list[int] = field(default_factory=list)
    meanwhile: Callable[[], object] = lambda: None
    found: Callable[[], object] = lambda: None

    def receive(self, limit: int, wait_s: int) -> Sequence[Message]:
        self.looks.append(wait_s)
        found = super().receive(limit, wait_s)
        if found:
            self.found()
        else:
            time.sleep(0.002)
            self.time.ahead_s += wait_s
        if wait_s == 1:
            happens, self.meanwhile = self.meanwhile, lambda: None
            happens()
        return found


class Machine:
    def __init__(self, **rhythm: float) -> None:
        self.clock = Clock()
        self.jobs, self.hosts = MemoryJobs(), MemoryHosts()
        self.queue = PollingQueue(time=self.clock)
        self.table, self.turns, self.signs = Lossy(self.jobs), Lossy(self.queue), Lossy(self.hosts)
        self.backend = ScriptedBackend()
        self.alive: list[float] = []
        self.busy: list[bool] = []
        self.note_busy = self._note_busy
        self.rhythm = replace(RHYTHM, **rhythm)

    def worker(self, max_running: int = 4) -> Worker:
        runner = JobRunner(self.table, self.backend, "a", lease_s=LEASE_S, pace=QUICK, clock=self.clock)
        return Worker(
            runner,
            self.turns,
            self.signs,
            Host(HERE, model="gpt2", version="1"),
            max_running=max_running,
            rhythm=self.rhythm,
            clock=self.clock,
            alive=lambda: self.alive.append(self.clock()),
            busy=self.note_busy,
        )

    async def _note_busy(self, busy: bool) -> None:
        self.busy.append(busy)

    def submit(self, length: int = 20) -> Job:
        now = self.clock()
        job = self.jobs.submit(replace(new_job(length=length), created_at=now, deadline_at=now + 10_000)).job
        self.queue.send(job.id)
        return job

    def state(self, job: Job) -> str:
        return self.jobs.jobs[job.id].state

    async def until(self, is_so: Callable[[], object]) -> None:
        async with asyncio.timeout(20):
            while not is_so():  # noqa: ASYNC110 (other threads' state)
                await asyncio.sleep(0.002)

    async def run(self, worker: Worker) -> Reason:
        async with asyncio.timeout(30):
            return await worker.run()


@pytest.fixture
def machine() -> Machine:
    return Machine()


async def test_it_works_on_what_there_is_and_goes_when_idle(machine: Machine) -> None:
    jobs = [machine.submit() for _ in range(9)]
    assert await machine.run(machine.worker()) == "idle"
    assert {machine.state(job) for job in jobs} == {"done"}
    assert not machine.queue.messages
    assert machine.hosts.host(HERE).state == "draining"
    assert machine.clock.ahead_s >= 300


async def test_it_stays_as_long_as_it_was_told(machine: Machine) -> None:
    await machine.run(machine.worker())
    assert machine.queue.looks == [10] * 30 + [1] or machine.queue.looks == [10] * 31 + [1]


async def test_the_time_without_work_counts_from_the_last_job(machine: Machine) -> None:
    working = asyncio.create_task(machine.run(machine.worker()))
    await machine.until(lambda: machine.clock.ahead_s > 200)
    job = machine.submit()
    await machine.until(lambda: machine.state(job) == "done")
    done_at = machine.clock.ahead_s
    await working
    assert machine.clock.ahead_s >= done_at + 290


async def test_no_more_at_once_than_there_is_room_for(machine: Machine) -> None:
    machine.backend.hold()
    jobs = [machine.submit() for _ in range(5)]
    working = asyncio.create_task(machine.run(machine.worker(max_running=2)))
    await machine.until(lambda: len(machine.backend.requests) == 2)
    await machine.until(lambda: machine.hosts.host(HERE).running == 2)
    assert [machine.state(job) for job in jobs].count("running") == 2
    machine.backend.let_go()
    await working
    assert {machine.state(job) for job in jobs} == {"done"}


async def test_a_call_within_the_last_look_keeps_it_here(machine: Machine) -> None:
    machine.queue.meanwhile = lambda: machine.hosts.call(HERE)
    assert await machine.run(machine.worker()) == "idle"
    assert machine.queue.looks.count(1) == 2
    assert machine.clock.ahead_s >= 600


async def test_a_job_within_the_last_look_is_written_first(machine: Machine) -> None:
    submitted: list[Job] = []
    machine.queue.meanwhile = lambda: (submitted.append(machine.submit()), machine.hosts.call(HERE))
    await machine.run(machine.worker())
    assert machine.state(submitted[0]) == "done"


async def test_who_can_not_look_does_not_go(machine: Machine) -> None:
    """A message may wait there since before the call that it knows of."""
    working = asyncio.create_task(machine.run(machine.worker()))
    await machine.until(lambda: machine.clock.ahead_s > 200)
    machine.turns.down = True
    machine.clock.ahead_s += 1000
    asked = machine.turns.asked["receive"]
    await machine.until(lambda: machine.turns.asked["receive"] > asked + 5)
    assert not working.done()
    job = machine.submit()
    machine.turns.down = False
    await working
    assert machine.state(job) == "done"


async def test_who_can_not_ask_for_calls_does_not_go(machine: Machine) -> None:
    machine.signs.down = True
    working = asyncio.create_task(machine.run(machine.worker()))
    await machine.until(lambda: machine.signs.asked["host"] + machine.signs.asked["drain"] > 3)
    assert not working.done()
    machine.signs.down = False
    assert await working == "idle"


async def test_another_of_its_name_that_has_gone_does_not_keep_it(machine: Machine) -> None:
    machine.queue.time.ahead_s = 0
    working = asyncio.create_task(machine.run(machine.worker()))
    await machine.until(lambda: machine.hosts.host(HERE).state == "up")
    machine.hosts.drain(machine.hosts.host(HERE), machine.clock())
    assert await working == "idle"
    assert machine.queue.looks.count(1) == 1


async def test_told_to_stop_it_finishes_what_ends_in_time(machine: Machine) -> None:
    machine.backend.hold()
    job = machine.submit()
    worker = machine.worker()
    working = asyncio.create_task(machine.run(worker))
    await machine.until(lambda: machine.state(job) == "running" and machine.jobs.jobs[job.id].mark.sequence)
    worker.stop()
    await machine.until(lambda: machine.hosts.host(HERE).state == "draining")
    assert machine.hosts.host(HERE).running == 1
    machine.backend.let_go()
    assert await working == "stopped"
    assert (machine.state(job), machine.queue.messages) == ("done", {})


async def test_told_to_stop_it_gives_back_what_does_not() -> None:
    machine = Machine(last_s=0.1)
    machine.backend.hold()
    job = machine.submit()
    worker = machine.worker()
    working = asyncio.create_task(machine.run(worker))
    await machine.until(lambda: machine.state(job) == "running" and machine.jobs.jobs[job.id].mark.sequence)
    worker.stop()
    worker.stop()
    assert await working == "stopped"
    assert (machine.state(job), machine.jobs.jobs[job.id].tries) == ("queued", 0)
    assert machine.backend.closed_streams == 1
    assert [message.job_id for message in machine.queue.receive(10, 0)] == [job.id]


async def test_what_came_while_it_was_told_to_stop_is_seen_by_others_at_once(machine: Machine) -> None:
    worker, loop, job = machine.worker(), asyncio.get_running_loop(), machine.submit()
    machine.queue.found = lambda: loop.call_soon_threadsafe(worker.stop)  # before it hears of what was found
    assert await machine.run(worker) == "stopped"
    assert machine.state(job) == "queued"
    machine.queue.found = lambda: None
    assert [message.job_id for message in machine.queue.receive(10, 0)] == [job.id]


async def test_what_can_not_be_given_back_does_not_keep_it_from_ending() -> None:
    machine = Machine(last_s=0.05, leave_s=0.1)
    machine.backend.hold()
    job = machine.submit()
    worker = machine.worker()
    working = asyncio.create_task(machine.run(worker))
    await machine.until(lambda: machine.state(job) == "running" and machine.jobs.jobs[job.id].mark.sequence)
    machine.table.down = True
    worker.stop()
    assert await working == "stopped"
    assert machine.state(job) == "running"


async def test_a_table_away_does_not_use_up_a_messages_deliveries(machine: Machine) -> None:
    """The queue gives a message up after eight; then its job fails."""
    machine.table.down = True
    machine.queue.clock = machine.clock
    job = machine.submit()
    begun = machine.clock()
    worker = machine.worker()
    working = asyncio.create_task(machine.run(worker))
    await machine.until(lambda: machine.table.asked["lease"])
    await machine.until(lambda: machine.clock() - begun > 120)
    (_, message) = next(iter(machine.queue.messages.values()))
    assert message.deliveries < 8
    machine.table.down = False
    await machine.until(lambda: machine.state(job) == "done")
    worker.stop()
    await working


async def test_a_beat_says_how_it_is(machine: Machine) -> None:
    machine.backend.hold()
    machine.submit()
    worker = machine.worker()
    working = asyncio.create_task(machine.run(worker))
    await machine.until(lambda: machine.hosts.host(HERE).running == 1)
    host = machine.hosts.host(HERE)
    assert (host.state, host.model, host.version) == ("up", "gpt2", "1")
    await machine.until(lambda: machine.hosts.host(HERE).beat_at > host.beat_at)
    machine.backend.let_go()
    worker.stop()
    await working


async def test_it_is_alive_though_nobody_hears_its_beats(machine: Machine) -> None:
    machine.signs.down = True
    worker = machine.worker()
    working = asyncio.create_task(machine.run(worker))
    await machine.until(lambda: len(machine.alive) > 3)
    worker.stop()
    assert await working == "stopped"


async def test_a_watch_that_can_not_be_told_ends_it(machine: Machine) -> None:
    """Else it would be taken for dead, with nobody to say why."""

    def fail() -> None:
        raise FileNotFoundError("/run/inkling/alive")

    runner = JobRunner(machine.table, machine.backend, "a", lease_s=LEASE_S)
    worker = Worker(runner, machine.turns, machine.signs, Host(HERE), max_running=1, rhythm=RHYTHM, alive=fail)
    with pytest.raises(ExceptionGroup) as raised:
        await machine.run(worker)
    assert raised.group_contains(FileNotFoundError)


async def test_a_fleet_hears_when_it_has_work(machine: Machine) -> None:
    machine.backend.hold()
    machine.submit()
    working = asyncio.create_task(machine.run(machine.worker()))
    await machine.until(lambda: machine.busy == [True])
    machine.backend.let_go()
    await working
    assert machine.busy[:2] in ([True], [True, False])


async def test_a_fleet_that_does_not_answer_holds_up_no_beat(machine: Machine) -> None:
    asked = asyncio.Event()

    async def never(busy: bool) -> None:
        asked.set()
        await asyncio.Event().wait()

    machine.note_busy = never
    machine.backend.hold()
    job = machine.submit()
    working = asyncio.create_task(machine.run(machine.worker()))
    await asked.wait()
    asked_at = machine.clock()
    await machine.until(lambda: machine.hosts.host(HERE).beat_at > asked_at)
    machine.backend.let_go()
    assert await working == "idle"
    assert machine.state(job) == "done"


async def test_messages_are_held_while_their_jobs_are_written() -> None:
    machine = Machine(hold_s=0.1)
    machine.backend.hold()
    machine.submit()
    working = asyncio.create_task(machine.run(machine.worker()))
    await machine.until(lambda: machine.turns.asked["hold"] > 3)
    assert len(machine.backend.requests) == 1
    machine.backend.let_go()
    await working
