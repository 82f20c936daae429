"""Messages that were delivered too often."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backends.aws.calls import AwsFailed
from backends.aws.jobs.job import LEASE_S, MAX_TRIES, Job, JobEnd
from backends.aws.machine.fail_function import fail
from tests.backends.aws.jobs.contract import NOW, new_job
from tests.fakes.memory_jobs import MemoryJobs

LATER = NOW + LEASE_S + 1


@pytest.fixture
def jobs() -> MemoryJobs:
    return MemoryJobs()


def broken_off(jobs: MemoryJobs, tries: int) -> Job:
    held = jobs.lease(jobs.submit(new_job()).job.id, "a", NOW)
    jobs.jobs[held.id] = replace(held, tries=tries)
    return held


def test_whose_workers_broke_off_too_often_fails(jobs: MemoryJobs) -> None:
    job = broken_off(jobs, MAX_TRIES)
    assert fail(jobs, [job.id], LATER) == 1
    failure = jobs.jobs[job.id].failure
    assert failure is not None
    assert failure.sentence == "The machine broke off 3 times while writing this; try another prompt."


def test_who_is_being_worked_on_is_left_alone(jobs: MemoryJobs) -> None:
    job = broken_off(jobs, MAX_TRIES)
    assert fail(jobs, [job.id], NOW + LEASE_S) == 0
    assert jobs.jobs[job.id].is_open


def test_who_may_still_be_written_is_left_to_the_tick(jobs: MemoryJobs) -> None:
    """Its message bounced while another worker held it, or while the table could not be asked."""
    given_back, never_taken = broken_off(jobs, 1), jobs.submit(new_job()).job
    jobs.release(given_back)
    assert fail(jobs, [given_back.id, never_taken.id], LATER) == 0
    assert {jobs.jobs[job.id].state for job in (given_back, never_taken)} == {"queued"}


def test_who_is_past_its_deadline_or_cancelled_ends_so(jobs: MemoryJobs) -> None:
    late, cancelled = jobs.submit(new_job()).job, broken_off(jobs, 1)
    jobs.cancel(cancelled.id, NOW)
    assert fail(jobs, [late.id, cancelled.id], late.deadline_at) == 2
    assert [jobs.jobs[job.id].state for job in (late, cancelled)] == ["failed", "cancelled"]


def test_who_has_ended_stays_so(jobs: MemoryJobs) -> None:
    job = jobs.finish(broken_off(jobs, MAX_TRIES), [], JobEnd("done", NOW))
    assert fail(jobs, [job.id], LATER) == 0
    assert jobs.jobs[job.id] == job


def test_what_is_no_job_is_thrown_away(jobs: MemoryJobs) -> None:
    assert fail(jobs, ["", "x" * 10_000, "01ARZ3NDEKTSV4RRFFQ69G5FAV"], LATER) == 0


def test_ones_trouble_spoils_no_others_and_comes_again(jobs: MemoryJobs) -> None:
    first, second = broken_off(jobs, MAX_TRIES), broken_off(jobs, MAX_TRIES)
    read = jobs.job
    away = [first.id]

    def read_but_first(job_id: str) -> Job | None:
        if job_id in away:
            raise AwsFailed("AWS is throttling the job table; try again in a moment.")
        return read(job_id)

    jobs.job = read_but_first  # type: ignore[method-assign] (the fake's own seam)
    with pytest.raises(AwsFailed):
        fail(jobs, [first.id, second.id], LATER)
    assert not jobs.jobs[second.id].is_open
    away.clear()
    assert fail(jobs, [first.id, second.id], LATER) == 1
