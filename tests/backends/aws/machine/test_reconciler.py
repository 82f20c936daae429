"""What comes right whoever broke off."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.aws.calls import AwsFailed
from backends.aws.jobs.job import LEASE_S, MAX_TRIES, Job, JobEnd
from backends.aws.jobs.protocol import Host, LeaseLost, LeaseRefused
from backends.aws.machine.keeper import AGAIN_S, BOOTS_S, DEAD_S
from backends.aws.machine.protocol import Power, PowerState
from backends.aws.machine.reconciler import ARRIVES_S, LATE_S, MACHINE_S, OVERDUE_S, Reconciler
from backends.protocol import TextDelta
from config.aws import AwsMode, Deployment
from tests.backends.aws.jobs.contract import NOW, new_job
from tests.fakes.memory_jobs import MemoryHosts, MemoryJobs, MemoryQueue

MINUTE_S = 60.0


@dataclass
class FakeMachine:
    state: PowerState = "off"
    since: float | None = None
    no_capacity: bool = False
    wakes: int = 0
    stops: int = 0
    stops_to: PowerState = "off"
    broken: bool = False

    def wake(self) -> Power:
        if self.broken:
            raise AwsFailed("AWS is away.")
        self.wakes += 1
        if self.state == "off" and not self.no_capacity:
            self.state = "starting"
        return self.power()

    def power(self) -> Power:
        if self.broken:
            raise AwsFailed("AWS is away.")
        return Power(self.state, "", self.no_capacity, self.since)

    def stop(self) -> None:
        self.stops += 1
        self.state = self.stops_to


@dataclass
class World:
    mode: AwsMode = "ec2"
    now: float = NOW
    jobs: MemoryJobs = field(default_factory=MemoryJobs)
    hosts: MemoryHosts = field(default_factory=MemoryHosts)
    machine: FakeMachine = field(default_factory=FakeMachine)
    delays: list[int] = field(default_factory=list)
    reported: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.queue, self.spare = MemoryQueue(), MemoryQueue()
        deployment = Deployment(mode=self.mode, table="jobs", queue_url="queue")
        spare = self.spare if self.mode == "ec2-with-fallback" else None
        self.reconciler = Reconciler(
            self.jobs,
            self.hosts,
            self.queue,
            spare,
            self.machine,
            self,
            deployment,
            backlog=self if self.mode == "fleet" else None,
            clock=lambda: self.now,
        )

    def soon(self, delay_s: int) -> None:
        self.delays.append(delay_s)

    def report(self, open_jobs: int) -> None:
        self.reported.append(open_jobs)

    def submit(self) -> Job:
        return self.jobs.submit(replace(new_job(), created_at=self.now, deadline_at=self.now + 300.25)).job

    def beat(self, state: str = "up") -> None:
        self.hosts.beat(Host("worker", state=state, beat_at=self.now))

    def sent(self, queue: MemoryQueue | None = None) -> list[str]:
        return [message.job_id for message in (queue or self.queue).receive(10, 0)]

    def job(self, job: Job) -> Job:
        return self.jobs.jobs[job.id]


@pytest.fixture
def world() -> World:
    return World()


def test_a_fresh_job_is_left_alone_and_the_machine_is_woken(world: World) -> None:
    world.submit()
    tally = world.reconciler.look()
    assert (tally.open, tally.ended, tally.requeued, tally.resent) == (1, 0, 0, 0)
    assert not world.sent()
    assert (world.machine.wakes, world.machine.state) == (1, "starting")


def test_nobody_is_woken_for_nothing(world: World) -> None:
    assert world.reconciler.look().power == Power("off", "")
    assert world.machine.wakes == 0


def test_an_overdue_message_is_sent_again(world: World) -> None:
    job = world.submit()
    world.now += OVERDUE_S
    assert world.reconciler.look().resent == 1
    assert world.sent() == [job.id]


def test_a_dead_lease_is_queued_again(world: World) -> None:
    held = world.jobs.lease(world.submit().id, "a", NOW)
    world.now += LEASE_S
    assert world.reconciler.look().requeued == 0
    world.now += 1
    assert world.reconciler.look().requeued == 1
    assert world.job(held).state == "queued"
    assert world.sent() == [held.id]


def test_after_so_many_dead_leases_it_fails(world: World) -> None:
    held = world.jobs.lease(world.submit().id, "a", NOW)
    world.jobs.jobs[held.id] = replace(held, tries=MAX_TRIES)
    world.now += LEASE_S + 1
    assert world.reconciler.look().ended == 1
    failure = world.job(held).failure
    assert failure is not None
    assert failure.code == "engine_failed"


def test_what_nobody_took_fails_at_its_deadline(world: World) -> None:
    job = world.submit()
    world.now = job.deadline_at
    world.reconciler.look()
    failure = world.job(job).failure
    assert failure is not None
    assert failure.sentence == "No machine came to write this within the 300 s allowed; try again later."


def test_a_held_job_past_its_deadline_is_its_holders(world: World) -> None:
    job = world.submit()
    world.now = job.deadline_at - 1
    world.jobs.lease(job.id, "a", world.now)
    world.now += LEASE_S
    assert world.reconciler.look().ended == 0
    world.now += 2
    assert world.reconciler.look().ended == 1


def test_who_holds_it_long_past_its_deadline_is_stuck(world: World) -> None:
    held = world.jobs.lease(world.submit().id, "a", NOW)
    world.now = held.deadline_at + LATE_S
    held = world.jobs.write(held, [TextDelta(0, "x")], world.now)
    assert world.reconciler.look().ended == 0
    world.now += 1
    assert world.reconciler.look().ended == 1
    failure = world.job(held).failure
    assert failure is not None
    assert failure.sentence == "It took longer than the 300 s allowed; the text so far is kept."
    with pytest.raises(LeaseLost):
        world.jobs.write(held, [], world.now)


def test_who_is_stuck_and_beats_meanwhile_is_ended_all_the_same(world: World) -> None:
    held = world.jobs.lease(world.submit().id, "a", NOW)
    held = world.jobs.write(held, [], held.deadline_at + LATE_S + 1)
    resolve, beats = world.jobs.resolve, list[float]()

    def resolve_too_late(seen: Job, end: JobEnd) -> bool:
        if len(beats) < 2:
            beats.append(world.now + len(beats))
            world.jobs.write(held, [], beats[-1])
        return resolve(seen, end)

    world.jobs.resolve = resolve_too_late  # type: ignore[method-assign] (the fake's own seam)
    world.now = held.deadline_at + LATE_S + 2
    assert world.reconciler.look().ended == 1
    assert len(beats) == 2


def test_who_asked_to_cancel_a_dead_one_gets_it(world: World) -> None:
    held = world.jobs.lease(world.submit().id, "a", NOW)
    world.jobs.cancel(held.id, NOW)
    world.now += LEASE_S + 1
    world.reconciler.look()
    assert world.job(held).state == "cancelled"


def test_a_machine_that_does_not_come_is_helped_by_lambda() -> None:
    world = World("ec2-with-fallback")
    job = world.submit()
    world.now += ARRIVES_S
    world.reconciler.look()
    assert not world.sent(world.spare)
    world.now += 1
    world.reconciler.look()
    assert world.sent(world.spare) == [job.id]


def test_without_capacity_lambda_helps_at_once() -> None:
    world = World("ec2-with-fallback", machine=FakeMachine(no_capacity=True))
    job = world.submit()
    world.reconciler.look()
    assert world.sent(world.spare) == [job.id]


def test_what_lambda_writes_is_not_sent_to_it_again() -> None:
    world = World("ec2-with-fallback", machine=FakeMachine(no_capacity=True))
    world.jobs.lease(world.submit().id, "lambda", NOW)
    world.reconciler.look()
    assert not world.sent(world.spare)


def test_a_machine_at_work_needs_no_help() -> None:
    world = World("ec2-with-fallback")
    world.submit()
    world.now += ARRIVES_S + 1
    world.beat()
    world.reconciler.look()
    assert not world.sent(world.spare)


def test_a_machine_that_is_going_is_looked_at_again_soon(world: World) -> None:
    world.submit()
    world.machine.state, world.machine.since = "on", NOW - 600
    world.beat("draining")
    world.reconciler.look()
    world.machine.state = "stopping"
    world.reconciler.look_again()
    assert world.delays == [AGAIN_S, AGAIN_S]
    world.machine.state = "off"
    world.reconciler.look_again()
    assert world.machine.state == "starting"
    assert world.delays == [AGAIN_S, AGAIN_S]


def test_one_that_went_and_is_back_is_not_going(world: World) -> None:
    world.submit()
    world.beat("draining")
    world.machine.state, world.machine.since = "on", NOW + 1
    world.reconciler.look_again()
    assert world.delays == []


@pytest.mark.parametrize("state", ["on", "starting"])
def test_a_machine_that_is_there_is_not_started(world: World, state: PowerState) -> None:
    world.submit()
    world.machine.state = state
    world.reconciler.look()
    assert world.machine.wakes == 0


def test_nobody_is_woken_for_what_has_ended_or_is_written(world: World) -> None:
    held = world.jobs.lease(world.submit().id, "lambda", NOW)
    world.reconciler.look(), world.reconciler.look_again()
    world.now = held.deadline_at + LEASE_S
    world.reconciler.look_again(), world.reconciler.look()
    assert not world.job(held).is_open
    assert world.machine.wakes == 0


def test_a_look_before_the_minute_is_over_floods_no_queue(world: World) -> None:
    world.submit()
    world.now += 250
    for _ in range(5):
        world.reconciler.look_again()
    assert not world.sent()


def test_a_machine_that_died_on_is_stopped(world: World) -> None:
    world.machine.state, world.machine.since = "on", NOW - 10_000
    world.beat()
    world.now += DEAD_S
    world.reconciler.look()
    assert world.machine.stops == 0
    world.now += 1
    world.reconciler.look()
    assert world.machine.stops == 1


def test_a_machine_just_started_has_its_time_to_speak(world: World) -> None:
    world.beat()
    world.now += 86_400
    world.machine.state, world.machine.since = "on", world.now - BOOTS_S
    world.reconciler.look()
    assert world.machine.stops == 0
    world.now += 1
    world.reconciler.look()
    assert world.machine.stops == 1


def test_who_waits_for_one_that_died_gets_it_back_soon(world: World) -> None:
    world.machine.state, world.machine.since = "on", NOW - 10_000
    world.beat()
    world.now += DEAD_S + 1
    world.submit()
    world.machine.stops_to = "stopping"
    world.reconciler.look()
    assert (world.machine.stops, world.delays) == (1, [AGAIN_S])
    world.machine.state = "off"
    world.reconciler.look_again()
    assert world.machine.state == "starting"


def test_what_may_not_be_heard_costs_no_fleet_forever() -> None:
    world = World("fleet")
    world.machine.state = "on"
    for minute in range(22):
        world.reconciler.look()
        assert world.machine.stops == (minute > 20), minute
        world.now += MINUTE_S


def test_a_fleet_somebody_waits_for_is_left_to_come_up() -> None:
    world = World("fleet")
    world.machine.state = "starting"
    for _ in range(60):
        world.submit()
        world.reconciler.look()
        world.now += MINUTE_S
    assert world.machine.stops == 0


def test_aws_away_spoils_no_job(world: World) -> None:
    job = world.submit()
    world.machine.broken = True
    world.now = job.deadline_at
    assert world.reconciler.look().ended == 1


def test_one_jobs_trouble_spoils_no_other(world: World) -> None:
    first, second = world.submit(), world.submit()
    resolve = world.jobs.resolve

    def fail_first(seen: Job, end: JobEnd) -> bool:
        if seen.id == first.id:
            raise AwsFailed("AWS is throttling the job table.")
        return resolve(seen, end)

    world.jobs.resolve = fail_first  # type: ignore[method-assign] (the fake's own seam)
    world.now = first.deadline_at
    assert world.reconciler.look().ended == 1
    assert not world.job(second).is_open


def test_a_look_ends_in_time(world: World) -> None:
    world.submit(), world.submit()
    left = iter([60.0, MACHINE_S - 1])
    assert world.reconciler.look(lambda: next(left)).open == 1
    assert world.machine.wakes == 1


def test_a_fleet_hears_its_backlog() -> None:
    world = World("fleet")
    world.submit(), world.submit()
    world.reconciler.look()
    assert world.reported == [2]


@dataclass
class Chaos:
    """Workers whose clock is `skew_s` wrong and who may keep a job for ever, people who change their minds, machines
    that come and go, and a look each minute. No job ends twice."""

    world: World
    choose: random.Random
    skew_s: float
    held: list[Job] = field(default_factory=list)
    ends: dict[str, Job] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._next_look = self.world.now + MINUTE_S

    def act(self) -> None:
        self.let_pass(self.choose.random() * self.choose.choice((0.1, 8, 50)))
        acts = [self.submit, self.lease, self.write, self.write, self.finish, self.release, self.cancel, self.die]
        try:
            self.choose.choice((*acts, self.switch))()
        except (LeaseLost, LeaseRefused):
            return
        finally:
            self.check()

    def let_pass(self, seconds: float) -> None:
        until = self.world.now + seconds
        while self._next_look <= until:
            self.world.now = self._next_look
            self.world.reconciler.look()
            self.check()
            self._next_look += MINUTE_S
        self.world.now = until

    def check(self) -> None:
        for job in self.world.jobs.jobs.values():
            assert job.is_open or self.ends.setdefault(job.id, job) == job

    @property
    def theirs(self) -> float:
        return self.world.now + self.skew_s

    def any_id(self) -> str:
        return self.choose.choice(list(self.world.jobs.jobs) or ["none"])

    def taken(self) -> Job:
        """One that a worker believes to hold, out of its hands."""
        if not self.held:
            raise LeaseLost
        return self.held.pop(self.choose.randrange(len(self.held)))

    def submit(self) -> None:
        if len(self.world.jobs.jobs) < 6:
            self.world.submit()

    def lease(self) -> None:
        self.held.append(self.world.jobs.lease(self.any_id(), f"w{self.choose.random()}", self.theirs))

    def write(self) -> None:
        self.held.append(self.world.jobs.write(self.taken(), [TextDelta(0, "x")], self.theirs))

    def finish(self) -> None:
        self.world.jobs.finish(self.taken(), [], JobEnd("done", self.world.now))

    def release(self) -> None:
        self.world.jobs.release(self.taken())

    def cancel(self) -> None:
        self.world.jobs.cancel(self.any_id(), self.world.now)

    def die(self) -> None:
        self.taken()

    def switch(self) -> None:
        machine = self.world.machine
        machine.broken = self.choose.random() < 0.3
        machine.state = self.choose.choice(("off", "starting", "on", "stopping", "unknown"))
        self.world.beat(self.choose.choice(("up", "draining")))


@settings(max_examples=300)
@given(st.integers(0, 2**32 - 1), st.floats(-60, 60))
def test_every_job_ends_by_its_deadline_and_two_minutes_whatever_happens(seed: int, skew_s: float) -> None:
    choose = random.Random(seed)
    world = World(choose.choice(("ec2", "ec2-with-fallback", "fleet", "serverless")))
    chaos = Chaos(world, choose, skew_s)
    while world.now < NOW + 900:
        chaos.act()
    for _ in range(60):  # those who hold a job and never let go
        chaos.let_pass(8)
        chaos.held = [job for job in chaos.held if still_held(world, job, chaos.theirs)]
    assert world.jobs.jobs
    for job in world.jobs.jobs.values():
        assert job.finished_at is not None
        assert job.finished_at <= job.deadline_at + 120


def still_held(world: World, job: Job, now: float) -> bool:
    try:
        world.jobs.write(job, [], now)
    except LeaseLost:
        return False
    return True
