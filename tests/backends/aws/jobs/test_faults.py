"""Every call that the job table makes, on a bad day: it ends as on a good one, or as one sentence to be tried again."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import count
from typing import Any

import pytest
from botocore.config import Config

from backends.aws.calls import PATIENT, AwsFailed
from backends.aws.jobs.dynamodb import DynamoJobs
from backends.aws.jobs.hosts import DynamoHosts
from backends.aws.jobs.job import Job, JobEnd, Mark
from backends.aws.jobs.protocol import Host, LeaseRefused
from backends.aws.jobs.schema import create_table
from backends.aws.jobs.table import JobTable
from backends.protocol import TextDelta
from tests.backends.aws.jobs.contract import DONE, NOW, new_job, submitted
from tests.fakes.faulty_aws import Fault, FaultyAws, faulty_aws
from tests.fakes.ministack import MiniStack, client_at

ONCE = PATIENT.merge(Config(retries={"total_max_attempts": 1, "mode": "standard"}))
PASSING: tuple[Fault, ...] = ("lost answer", "cut", "throttled", "broken")
STAYING: tuple[Fault, ...] = ("gone", "denied")
PROMPT = "Once upon \U0010ffff" * 2000  # of two pieces
UP = Host("worker", state="up", beat_at=NOW)
_names = count()

pytestmark = pytest.mark.slow


@cache
def client_of(url: str, config: Config) -> Any:
    """Making one takes longer than all the rest."""
    return client_at(url, "dynamodb", config=config)


@dataclass
class World:
    """A table of its own, and the same through a connection that fails as planned."""

    client: Any
    table: str
    faulty: FaultyAws
    jobs: DynamoJobs
    hosts: DynamoHosts

    def shaky(self, config: Config) -> tuple[DynamoJobs, DynamoHosts]:
        table = JobTable(client_of(self.faulty.url, config), self.table)
        return DynamoJobs(table), DynamoHosts(table)

    def items(self) -> list[str]:
        """All there is, without what is new each time."""
        items = self.client.scan(TableName=self.table)["Items"]
        new = {name["S"] for item in items for name in (item.get("job"), item.get("claim")) if name}
        texts = sorted(json.dumps(item, sort_keys=True) for item in items)
        for name in new:
            texts = [text.replace(name, "NEW") for text in texts]
        return sorted(texts)


def world(stack: MiniStack, faulty: FaultyAws) -> World:
    client, name = client_of(stack.url, PATIENT), f"faults-{next(_names)}"
    create_table(client, name)
    table = JobTable(client, name)
    return World(client, name, faulty, DynamoJobs(table), DynamoHosts(table))


@dataclass(frozen=True)
class Act:
    """`prepare` gives what `act` is given, beside the stores."""

    prepare: Callable[[World], Any]
    act: Callable[[DynamoJobs, DynamoHosts, Any], Any]


def leased(world: World) -> Job:
    return world.jobs.lease(submitted(world.jobs, prompt=PROMPT, key="key").id, "a", NOW)


def written(world: World) -> Job:
    return world.jobs.write(leased(world), [TextDelta(0, "Once")], NOW)


def one(world: World) -> Job:
    return submitted(world.jobs, prompt=PROMPT, key="key")


ENTRY = [TextDelta(0, "\x00" * 90_000)]  # of two pieces
ACTS = {
    "submit": Act(lambda world: None, lambda jobs, _, given: jobs.submit(new_job(PROMPT, key="key")).job.state),
    "submit again": Act(one, lambda jobs, _, job: jobs.submit(new_job(PROMPT, key="key")).job == job),
    "job": Act(one, lambda jobs, _, job: jobs.job(job.id) == job),
    "prompt": Act(one, lambda jobs, _, job: jobs.prompt(job.id)),
    "journal": Act(written, lambda jobs, _, job: jobs.journal(job.id, Mark(), job.mark)),
    "open jobs": Act(one, lambda jobs, _, job: list(jobs.open_jobs()) == [job]),
    "count open": Act(one, lambda jobs, _, job: jobs.count_open()),
    "lease": Act(one, lambda jobs, _, job: jobs.lease(job.id, "a", NOW).mark),
    "write": Act(written, lambda jobs, _, held: jobs.write(held, ENTRY, NOW + 1).mark),
    "beat of a job": Act(written, lambda jobs, _, held: jobs.write(held, [], NOW + 1).mark),
    "finish": Act(written, lambda jobs, _, held: jobs.finish(held, ENTRY, DONE).state),
    "release": Act(written, lambda jobs, _, held: jobs.release(held)),
    "cancel what waits": Act(one, lambda jobs, _, job: getattr(jobs.cancel(job.id, NOW), "state", None)),
    "cancel what runs": Act(leased, lambda jobs, _, job: getattr(jobs.cancel(job.id, NOW), "cancel_requested", None)),
    "requeue": Act(leased, lambda jobs, _, job: jobs.requeue(job, NOW + 1000)),
    "resolve": Act(written, lambda jobs, _, job: jobs.resolve(job, JobEnd("failed", NOW + 1))),
    "host": Act(lambda world: world.hosts.beat(UP), lambda _, hosts, host: hosts.host("worker") == host),
    "beat": Act(lambda world: world.hosts.call("worker"), lambda _, hosts, host: hosts.beat(UP)),
    "drain": Act(lambda world: world.hosts.beat(UP), lambda _, hosts, host: hosts.drain(host, NOW + 1)),
}


@pytest.mark.parametrize("name", ACTS)
def test_what_passes_changes_nothing(ministack: MiniStack, name: str) -> None:
    """The fault hits each call of the act once; botocore asks again."""
    result, items, calls = good_day(ministack, ACTS[name])

    def bad_day(place: int, fault: Fault) -> None:
        with faulty_aws(ministack.url) as faulty:
            here = world(ministack, faulty)
            given = ACTS[name].prepare(here)
            faulty.plan(fault, after=place, times=1)
            assert ACTS[name].act(*here.shaky(PATIENT), given) == result, (place, fault)
            # What was done and not heard of may need one look more.
            assert len(faulty.calls) > calls, (place, fault)
            assert here.items() == items, (place, fault)

    with ThreadPoolExecutor(16) as threads:
        days = [threads.submit(bad_day, place, fault) for place in range(calls) for fault in PASSING]
    for day in days:
        day.result()


@pytest.mark.parametrize("name", ACTS)
def test_what_breaks_off_is_one_sentence_and_goes_on_when_asked_again(ministack: MiniStack, name: str) -> None:
    result, items, calls = good_day(ministack, ACTS[name])
    with faulty_aws(ministack.url) as faulty:
        for place in range(calls):
            for fault in (*PASSING, *STAYING):
                here = world(ministack, faulty)
                given = ACTS[name].prepare(here)
                faulty.heal()
                faulty.plan(fault, after=place, times=1)
                stores = here.shaky(ONCE)
                with pytest.raises(AwsFailed) as failed:
                    ACTS[name].act(*stores, given)
                assert "the job table" in failed.value.sentence
                if name == "lease" and fault == "lost answer" and here.jobs.job(given.id) != given:
                    # It has a lease that it knows nothing of, and waits for its end like everybody.
                    with pytest.raises(LeaseRefused):
                        ACTS[name].act(*stores, given)
                    continue
                assert ACTS[name].act(*stores, given) == result, (place, fault)
                assert here.items() == items, (place, fault)


def good_day(stack: MiniStack, act: Act) -> tuple[Any, list[str], int]:
    with faulty_aws(stack.url) as faulty:
        here = world(stack, faulty)
        given = act.prepare(here)
        result = act.act(*here.shaky(ONCE), given)
        return result, here.items(), len(faulty.calls)


def test_who_made_a_job_knows_it(ministack: MiniStack) -> None:
    calls = good_day(ministack, ACTS["submit"])[2]
    with faulty_aws(ministack.url) as faulty:
        for place in range(calls):
            here = world(ministack, faulty)
            faulty.plan("lost answer", after=place, times=1)
            jobs, _ = here.shaky(PATIENT)
            assert jobs.submit(new_job(PROMPT, key="key")).created
            assert not jobs.submit(new_job(PROMPT, key="key")).created


def test_a_call_may_count_twice_but_never_not_at_all(ministack: MiniStack, faulty: FaultyAws) -> None:
    here = world(ministack, faulty)
    faulty.plan("lost answer", times=1)
    assert here.shaky(PATIENT)[1].call("worker").wake == 2


def test_a_table_that_is_gone(ministack: MiniStack) -> None:
    with faulty_aws(ministack.url) as faulty:
        for name, act in ACTS.items():
            here = world(ministack, faulty)
            given = act.prepare(here)
            here.client.delete_table(TableName=here.table)
            with pytest.raises(AwsFailed) as failed:
                act.act(here.jobs, here.hosts, given)
            assert failed.value.sentence == (
                "AWS has no such thing as the job table any more (ResourceNotFoundException)."
            ), name
