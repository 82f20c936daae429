"""The fakes mean what the real ones mean."""

from __future__ import annotations

import pytest

from tests.backends.aws.jobs.contract import JobsContract
from tests.backends.aws.jobs.contract_hosts import HostsContract
from tests.fakes.memory_jobs import MemoryHosts, MemoryJobs


class TestMemoryJobs(JobsContract):
    @pytest.fixture
    def jobs(self) -> MemoryJobs:
        return MemoryJobs()


class TestMemoryHosts(HostsContract):
    @pytest.fixture
    def hosts(self) -> MemoryHosts:
        return MemoryHosts()
