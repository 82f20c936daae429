"""Looks against workers in threads, on an emulated table: what the one ends, no other writes on."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field, replace
from itertools import count

import pytest

from backends.aws.calls import PATIENT
from backends.aws.jobs.dynamodb import DynamoJobs
from backends.aws.jobs.hosts import DynamoHosts
from backends.aws.jobs.job import Job, JobEnd
from backends.aws.jobs.protocol import LeaseLost, LeaseRefused
from backends.aws.jobs.schema import create_table
from backends.aws.jobs.table import JobTable
from backends.aws.machine.none import NoMachine
from backends.aws.machine.reconciler import Reconciler
from backends.protocol import TextDelta
from config.aws import Deployment
from tests.backends.aws.jobs.contract import NOW, new_job
from tests.fakes.memory_jobs import MemoryQueue
from tests.fakes.ministack import MiniStack

pytestmark = pytest.mark.slow
JOBS, WORKERS, MINUTE_S = 24, 4, 60.0
_names = count()


@dataclass
class Crew:
    """Workers that write, finish, give back or forget what they hold, till told to stop."""

    jobs: DynamoJobs
    ids: list[str]
    now: float = NOW
    over: threading.Event = field(default_factory=threading.Event)
    finished: list[Job] = field(default_factory=list)

    def work(self, number: int) -> None:
        choose = random.Random(number)
        held: dict[str, Job] = {}
        while not self.over.is_set():
            job_id = choose.choice(self.ids)
            try:
                self._act(choose, held, job_id, f"w{number}")
            except (LeaseLost, LeaseRefused):
                held.pop(job_id, None)

    def _act(self, choose: random.Random, held: dict[str, Job], job_id: str, worker: str) -> None:
        job = held.get(job_id)
        if job is None:
            held[job_id] = self.jobs.lease(job_id, worker, self.now)
            return
        act = choose.random()
        if act < 0.7:  # for ever, if need be: it has no eye on the deadline
            held[job_id] = self.jobs.write(job, [TextDelta(0, "x")], self.now)
        elif act < 0.72:
            self.finished.append(self.jobs.finish(job, [], JobEnd("done", self.now)))
        elif act < 0.85:
            self.jobs.release(job)
            del held[job_id]
        else:
            del held[job_id]


def test_who_looks_and_who_writes_agree_on_each_end(ministack: MiniStack) -> None:
    client, name = ministack.client("dynamodb", config=PATIENT), f"looks-{next(_names)}"
    create_table(client, name)
    table = JobTable(client, name)
    jobs = DynamoJobs(table)
    crew = Crew(jobs, [jobs.submit(replace(new_job(), deadline_at=NOW + 120 + 10 * n)).job.id for n in range(JOBS)])
    deployment = Deployment(mode="serverless", table=name, queue_url="queue")
    reconciler = Reconciler(
        jobs, DynamoHosts(table), MemoryQueue(), None, NoMachine(), None, deployment, clock=lambda: crew.now
    )
    workers = [threading.Thread(target=crew.work, args=(number,)) for number in range(WORKERS)]
    for worker in workers:
        worker.start()
    try:
        ends = dict[str, Job]()
        for _ in range(10):
            crew.now += MINUTE_S
            reconciler.look()
            for job in filter(None, map(jobs.job, crew.ids)):
                assert job.is_open or ends.setdefault(job.id, job) == job
                assert not job.is_open or job.deadline_at + 120 > crew.now
    finally:
        crew.over.set()
        for worker in workers:
            worker.join()
    assert len(ends) == JOBS
    assert all(job == jobs.job(job.id) for job in ends.values())
    assert [job.id for job in crew.finished] == [job.id for job in crew.finished if jobs.job(job.id) == job]
    assert list(jobs.open_jobs()) == []
