"""Every job ends by its deadline and two minutes, whatever happens to workers, machines and clocks."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from backends.aws.jobs.job import Job, JobEnd
from backends.aws.jobs.protocol import LeaseLost, LeaseRefused
from backends.protocol import TextDelta
from tests.backends.aws.jobs.contract import NOW
from tests.backends.aws.machine.world import MINUTE_S, World


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
