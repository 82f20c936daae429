"""The job table as DynamoDB keeps it, on two emulators; and what of it no fake shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import pytest

from backends.aws.calls import PATIENT
from backends.aws.jobs.dynamodb import DynamoJobs
from backends.aws.jobs.hosts import DynamoHosts
from backends.aws.jobs.items import RECORD, job_pk
from backends.aws.jobs.job import Mark
from backends.aws.jobs.protocol import LeaseRefused
from backends.aws.jobs.schema import create_table
from backends.aws.jobs.table import JobTable
from backends.protocol import TextDelta
from tests.backends.aws.jobs.contract import NOW, JobsContract, new_job, submitted
from tests.backends.aws.jobs.contract_hosts import HostsContract
from tests.fakes.dynalite import create_table_at
from tests.fakes.ministack import MiniStack, client_at

_names = count()
KEEP_S = 86_400.0


def table_on_ministack(stack: MiniStack) -> JobTable:
    client, name = stack.client("dynamodb", config=PATIENT), f"jobs-{next(_names)}"
    create_table(client, name)
    return JobTable(client, name)


def table_on_dynalite(url: str) -> JobTable:
    name = f"jobs-{next(_names)}"
    create_table_at(url, name)
    return JobTable(client_at(url, "dynamodb", config=PATIENT), name)


class TestJobsOnMiniStack(JobsContract):
    @pytest.fixture
    def jobs(self, ministack: MiniStack) -> DynamoJobs:
        return DynamoJobs(table_on_ministack(ministack))


class TestJobsOnDynalite(JobsContract):
    @pytest.fixture
    def jobs(self, dynalite: str) -> DynamoJobs:
        return DynamoJobs(table_on_dynalite(dynalite))


class TestHostsOnMiniStack(HostsContract):
    @pytest.fixture
    def hosts(self, ministack: MiniStack) -> DynamoHosts:
        return DynamoHosts(table_on_ministack(ministack))


class TestHostsOnDynalite(HostsContract):
    @pytest.fixture
    def hosts(self, dynalite: str) -> DynamoHosts:
        return DynamoHosts(table_on_dynalite(dynalite))


@dataclass
class Clock:
    now: float = NOW

    def __call__(self) -> float:
        return self.now


class TestItsTime:
    """What DynamoDB will forget is gone at once, although it may lie there for days."""

    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    @pytest.fixture
    def client(self, ministack: MiniStack) -> Any:
        return ministack.client("dynamodb", config=PATIENT)

    @pytest.fixture
    def table(self, client: Any, clock: Clock) -> str:
        name = f"jobs-{next(_names)}"
        create_table(client, name)
        return name

    @pytest.fixture
    def jobs(self, client: Any, table: str, clock: Clock) -> DynamoJobs:
        return DynamoJobs(JobTable(client, table, clock), keep_s=KEEP_S)

    def test_every_item_of_a_job_has_its_time(self, jobs: DynamoJobs, client: Any, table: str) -> None:
        held = jobs.lease(submitted(jobs).id, "a", NOW)
        jobs.write(held, [TextDelta(0, "Once")], NOW)
        items = client.scan(TableName=table)["Items"]
        assert len(items) == 4
        assert {item["ttl"]["N"] for item in items} == {str(int(held.deadline_at + KEEP_S))}

    def test_past_it_there_is_nothing(self, jobs: DynamoJobs, clock: Clock, client: Any, table: str) -> None:
        held = jobs.lease(submitted(jobs).id, "a", NOW)
        held = jobs.write(held, [TextDelta(0, "Once")], NOW)
        clock.now = held.deadline_at + KEEP_S - 1
        assert jobs.job(held.id) == held
        clock.now += 2
        assert jobs.job(held.id) is None
        assert jobs.journal(held.id, Mark(), held.mark).events == ()
        assert list(jobs.open_jobs()) == []
        with pytest.raises(KeyError):
            jobs.prompt(held.id)
        with pytest.raises(LeaseRefused):
            jobs.lease(held.id, "b", NOW + 100)
        assert len(client.scan(TableName=table)["Items"]) == 4

    def test_past_it_a_key_is_free(self, jobs: DynamoJobs, clock: Clock) -> None:
        first = jobs.submit(new_job(key="again"))
        clock.now += KEEP_S + 1000
        new = new_job("Another prompt", key="again")
        other = jobs.submit(replace(new, created_at=clock.now, deadline_at=clock.now + 300))
        assert other.created
        assert other.job.id != first.job.id
        assert jobs.prompt(other.job.id) == "Another prompt"


@pytest.mark.parametrize("ordered", ["{", "{}", '{"options": {"seed": -1}}', '{"options": {}, "newer": 1}'])
def test_a_job_that_cant_be_read_hides_no_other(ministack: MiniStack, ordered: str) -> None:
    table = table_on_ministack(ministack)
    jobs = DynamoJobs(table)
    first, broken, last = submitted(jobs), submitted(jobs), submitted(jobs)
    table.change(job_pk(broken.id), RECORD, {"ordered": ordered}, "#pk = :pk", {"pk": job_pk(broken.id)})
    assert [job.id for job in jobs.open_jobs()] == [first.id, last.id]


def test_items_stay_far_from_what_dynamodb_takes(ministack: MiniStack) -> None:
    table = table_on_ministack(ministack)
    jobs = DynamoJobs(table)
    held = jobs.lease(submitted(jobs, prompt="\U0010ffff" * 100_000).id, "a", NOW)
    for character in ("\x00", "🖋", '"', "x"):
        held = jobs.write(held, [TextDelta(number % 32, character * 40_000) for number in range(10)], NOW)
    scanned = ministack.client("dynamodb").get_paginator("scan").paginate(TableName=table.name)
    sizes = [sum(_bytes(value) for value in item.values()) for page in scanned for item in page["Items"]]
    assert max(sizes) < 380_000


def _bytes(value: dict[str, Any]) -> int:
    return len(str(next(iter(value.values()))).encode())
