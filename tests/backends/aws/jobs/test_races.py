"""Many processes at the same job in the same moment, on both emulators."""

from __future__ import annotations

from collections import Counter
from itertools import count
from typing import Any

import pytest
from ulid import ULID

from backends.aws.jobs.job import LEASE_S, Mark
from tests.backends.aws.jobs.contract import NOW, new_job, submitted
from tests.fakes.dynalite import create_table_at
from tests.fakes.job_races import Place, call_for_work, go_when_idle, race, submit_all, take_leases
from tests.fakes.ministack import MiniStack, client_at

PROCESSES, JOBS, ROUNDS = 12, 60, 200
_names = count()

pytestmark = pytest.mark.slow


@pytest.fixture(params=["ministack", "dynalite"])
def place(request: pytest.FixtureRequest) -> Place:
    emulator: Any = request.getfixturevalue(request.param)
    return place_at(emulator if isinstance(emulator, str) else emulator.url)


def place_at(url: str, queue_url: str = "") -> Place:
    place = Place(url, f"race-{next(_names)}", queue_url)
    create_table_at(url, place.table)
    return place


def test_each_job_is_leased_once_and_when_that_ran_out_once_more(place: Place) -> None:
    jobs = place.jobs()
    ids = [submitted(jobs).id for _ in range(JOBS)]
    for attempt, now in enumerate((NOW, NOW + LEASE_S + 1), start=1):
        got = race(*((take_leases, (place, ids, f"worker-{number}", now)) for number in range(PROCESSES)))
        assert Counter(job_id for each in got for job_id in each) == dict.fromkeys(ids, 1)
        for number, each in enumerate(got):
            for job_id in each:
                job = jobs.job(job_id)
                assert job is not None
                assert (job.worker, job.mark, job.tries) == (f"worker-{number}", Mark(attempt), attempt)


def test_one_key_makes_one_job(place: Place) -> None:
    news = [new_job(f"Prompt {number} 🖋" * 2_000) for number in range(20)]
    made = race(*((submit_all, (place, news)) for _ in range(PROCESSES)))
    for number, new in enumerate(news):
        ids = {each[number][0] for each in made}
        assert len(ids) == 1
        assert sum(each[number][1] for each in made) == 1
        assert place.jobs().prompt(ids.pop()) == new.prompt
    pages = client_at(place.url, "dynamodb").get_paginator("scan").paginate(TableName=place.table)
    kinds = Counter(item["sk"]["S"] for page in pages for item in page["Items"])
    assert kinds == {"record": 20, "key": 20, "prompt#000": 20, "prompt#001": 20}


def test_a_machine_that_goes_leaves_nobody_waiting(ministack: MiniStack) -> None:
    """Whoever calls while it goes either keeps it or learns that it is going, and no job's turn is lost."""
    client = ministack.client("sqs")
    queue_url = client.create_queue(QueueName=f"race-{next(_names)}")["QueueUrl"]
    place = place_at(ministack.url, queue_url)
    ids = [str(ULID()) for _ in range(ROUNDS)]
    said, found = race((call_for_work, (place, ids)), (go_when_idle, (place, ids)))
    assert [job_id for _, job_id in found] == ids
    went = [number for number, (gone, _) in enumerate(found) if gone]
    assert [said[number] for number in went] == ["draining"] * len(went)
    # Both ends of the race were seen, or this shows nothing.
    assert 0 < len(went) < ROUNDS
