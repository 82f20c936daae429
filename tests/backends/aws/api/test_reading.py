"""What a reader of a job is shown, whenever it comes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from backends.aws.api.api import LATE_S
from backends.aws.jobs.job import Job, JobEnd, JournalPage, Mark
from backends.aws.jobs.protocol import Host
from backends.protocol import SampleFinished, TextDelta
from tests.backends.aws.api.asked import Asked
from tests.fakes.memory_jobs import MemoryJobs


class PagedJobs(MemoryJobs):
    """Its pages hold one entry each."""

    def journal(self, job_id: str, after: Mark, upto: Mark) -> JournalPage:
        start = after.sequence if after.attempt == upto.attempt else 0
        return super().journal(job_id, Mark(upto.attempt, start), min(upto, Mark(upto.attempt, start + 1)))


def write(asked: Asked, job_id: str, *texts: str) -> Job:
    held = asked.jobs.lease(job_id, "a", asked.now)
    for text in texts:
        held = asked.jobs.write(held, [TextDelta(0, text)], asked.now)
    return held


def read_all(asked: Asked, job_id: str) -> str:
    """As a client does it: on from each mark, as long as there is more."""
    mark, text, more = "0.0", "", True
    while more:
        _, body = asked.ask("GET", f"/v1/jobs/{job_id}", after=mark)
        mark, more = body["mark"], body["more"]
        text += "".join(event[1] or "" for event in body["events"])
    return text


@pytest.mark.parametrize("ended", [False, True])
def test_who_submits_again_reads_from_the_beginning(asked: Asked, ended: bool) -> None:
    job_id = asked.submit(key="event-1")
    held = write(asked, job_id, "Once", " upon")
    if ended:
        asked.jobs.finish(held, [SampleFinished(0, "length", None, 2)], JobEnd("done", asked.now))
    _, body = asked.ask("POST", "/v1/jobs", {"prompt": "Once", "key": "event-1"})
    assert (body["id"], body["mark"], body["more"]) == (job_id, "0.0", True)
    assert read_all(asked, job_id) == "Once upon"


def test_a_long_journal_is_read_in_pages(asked: Asked) -> None:
    asked = Asked(jobs=PagedJobs())
    job_id = asked.submit()
    asked.jobs.finish(write(asked, job_id, "Once", " upon", " a"), [TextDelta(0, " time")], JobEnd("done", asked.now))
    _, body = asked.ask("GET", f"/v1/jobs/{job_id}")
    assert (body["state"], body["mark"], body["more"]) == ("done", "1.1", True)
    assert read_all(asked, job_id) == "Once upon a time"


def test_generate_takes_all_pages() -> None:
    asked = Asked(jobs=PagedJobs())

    def finish() -> None:
        (job,) = asked.jobs.jobs.values()
        asked.jobs.finish(write(asked, job.id, "Once", " upon"), [TextDelta(0, " a")], JobEnd("done", asked.now))

    asked.meanwhile = [finish]
    assert asked.ask("POST", "/generate", {"prompt": "x"}) == (200, {"text0": "Once upon a"})


@pytest.mark.parametrize(("after_s", "state"), [(LATE_S - 1, "queued"), (LATE_S, "failed")])
def test_a_reader_ends_what_nobody_else_ended(asked: Asked, after_s: float, state: str) -> None:
    job_id = asked.submit()
    asked.now = asked.job(job_id).deadline_at + after_s
    _, body = asked.ask("GET", f"/v1/jobs/{job_id}")
    assert body["state"] == asked.job(job_id).state == state
    assert ("error" in body) == (state == "failed")


def test_a_reader_leaves_what_is_held(asked: Asked) -> None:
    job_id = asked.submit()
    held = write(asked, job_id)
    asked.now = held.deadline_at + 2 * LATE_S
    asked.jobs.jobs[job_id] = replace(held, lease_until=asked.now - LATE_S)
    assert asked.ask("GET", f"/v1/jobs/{job_id}")[1]["state"] == "running"


@pytest.mark.parametrize("job_id", ["x", "01KB", "0" * 2000, "01KB000000000000000000000é", "host%23worker"])
def test_what_cant_be_a_job_is_none(asked: Asked, job_id: str) -> None:
    asked.jobs.job = None  # type: ignore[assignment,method-assign]
    assert asked.sentence("GET", f"/v1/jobs/{job_id}") == (404, "There is no such job, or no longer.")


@pytest.mark.parametrize(
    ("mode", "age_s", "expected"),
    [
        ("ec2", 0, {"waking": True, "eta_s": 30.0}),
        ("ec2", 20, {"waking": True, "eta_s": 10.0}),
        ("ec2", 31, {"waking": True}),
        ("serverless", 0, {"waking": True, "eta_s": 10.0}),
        ("serverless", 11, {"waking": False}),
    ],
)
def test_nobody_is_told_a_time_that_has_passed(mode: str, age_s: float, expected: dict[str, Any]) -> None:
    asked = Asked(mode=mode)
    job_id = asked.submit()
    asked.now += age_s
    _, body = asked.ask("GET", f"/v1/jobs/{job_id}")
    assert {name: body[name] for name in ("waking", "eta_s") if name in body} == expected


def test_a_machine_that_fell_silent_is_not_there(asked: Asked) -> None:
    asked.hosts.beat(Host("worker", state="up", beat_at=asked.now - 31))
    assert asked.ask("GET", f"/v1/jobs/{asked.submit()}")[1]["waking"] is True
