"""The life of jobs, in any order of what can happen."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from backends.aws.calls import PATIENT
from backends.aws.jobs.dynamodb import DynamoJobs
from backends.aws.jobs.protocol import JobStore
from backends.aws.jobs.table import JobTable
from tests.fakes.dynalite import create_table_at
from tests.fakes.job_life import TICK_S, JobLife
from tests.fakes.memory_jobs import MemoryJobs
from tests.fakes.ministack import MiniStack

_names = count()


class MemoryLife(JobLife):
    def make_jobs(self) -> JobStore:
        return MemoryJobs()


@pytest.mark.parametrize("worker_skew", [-60, -20, 0, 60])
@pytest.mark.parametrize("tick_skew", [-60, -20, 0, 60])
def test_one_that_never_ends_has_its_end_in_time(worker_skew: int, tick_skew: int) -> None:
    """Its worker says for ever that it is at work, and is believed as long as the job may take."""
    for phase in range(0, TICK_S, 7):
        life = MemoryLife()
        life.begin([worker_skew, 0], tick_skew)
        life.now += phase
        life.submit(allowed_s=100, skew=0)
        life.take(number=0)
        while life.workers[0].held:
            life.write(number=0, pick=0, times=0)
            life.pass_time(1)
            life.each_job_goes_only_forward()
        life.teardown()


@pytest.mark.slow
def test_in_memory() -> None:
    run_state_machine_as_test(MemoryLife, settings=settings(max_examples=600, stateful_step_count=60))


@pytest.mark.slow
def test_in_dynamodb(ministack: MiniStack) -> None:
    client = ministack.client("dynamodb", config=PATIENT)

    class DynamoLife(JobLife):
        def make_jobs(self) -> JobStore:
            name = f"life-{next(_names)}"
            create_table_at(ministack.url, name)
            return DynamoJobs(JobTable(client, name))

    fewer = settings(max_examples=20, stateful_step_count=30, suppress_health_check=[HealthCheck.too_slow])
    run_state_machine_as_test(DynamoLife, settings=fewer)
