"""A deployment in memory with a clock of its own, and whoever looks after it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from backends.aws.calls import AwsFailed
from backends.aws.jobs.job import Job
from backends.aws.jobs.protocol import Host
from backends.aws.machine.protocol import Power, PowerState
from backends.aws.machine.reconciler import Reconciler
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
