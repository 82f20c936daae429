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
from tests.fakes.job_life import JobLife
from tests.fakes.memory_jobs import MemoryJobs
from tests.fakes.ministack import MiniStack

_names = count()


class MemoryLife(JobLife):
    def make_jobs(self) -> JobStore:
        return MemoryJobs()


@pytest.mark.slow
def test_in_memory() -> None:
    run_state_machine_as_test(MemoryLife, settings=settings(max_examples=1500, stateful_step_count=60))


@pytest.mark.slow
def test_in_dynamodb(ministack: MiniStack) -> None:
    client = ministack.client("dynamodb", config=PATIENT)

    class DynamoLife(JobLife):
        def make_jobs(self) -> JobStore:
            name = f"life-{next(_names)}"
            create_table_at(ministack.url, name)
            return DynamoJobs(JobTable(client, name))

    fewer = settings(max_examples=25, stateful_step_count=30, suppress_health_check=[HealthCheck.too_slow])
    run_state_machine_as_test(DynamoLife, settings=fewer)
