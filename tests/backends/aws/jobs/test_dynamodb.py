"""The job table as DynamoDB keeps it, on an emulator."""

from __future__ import annotations

from itertools import count

import pytest

from backends.aws.calls import PATIENT
from backends.aws.jobs.dynamodb import DynamoJobs
from backends.aws.jobs.schema import create_table
from backends.aws.jobs.table import JobTable
from tests.backends.aws.jobs.contract import NOW, JobsContract
from tests.fakes.ministack import MiniStack

_names = count()


class TestMiniStack(JobsContract):
    @pytest.fixture
    def jobs(self, ministack: MiniStack) -> DynamoJobs:
        client = ministack.client("dynamodb", config=PATIENT)
        name = f"jobs-{next(_names)}"
        create_table(client, name)
        return DynamoJobs(JobTable(client, name, clock=lambda: NOW))
