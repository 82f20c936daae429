"""The fake means what the real ones mean."""

from __future__ import annotations

import pytest

from tests.backends.aws.jobs.contract import JobsContract
from tests.fakes.memory_jobs import MemoryJobs


class TestMemory(JobsContract):
    @pytest.fixture
    def jobs(self) -> MemoryJobs:
        return MemoryJobs()
