"""One job from lease to end, on a table in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field, replace

import pytest
from structlog.testing import capture_logs

from backends.aws.jobs.failure import Failure
from backends.aws.jobs.job import LEASE_S, MAX_TRIES, Job, Mark
from backends.aws.worker.run_job import JobRunner, Pace, Verdict
from backends.protocol import CompletionEvent, CompletionRequest, SampleFinished, TextDelta
from config.errors import BackendUnavailable, DeadlineExceeded, EngineFailed
from tests.backends.aws.jobs.contract import NOW, new_job
from tests.fakes.lossy import Lossy
from tests.fakes.memory_jobs import MemoryJobs
from tests.fakes.scripted_backend import ScriptedBackend

QUICK = Pace(write_s=0.01, beat_s=0.02, retry_s=0.01)


@dataclass
class Machine:
    """A runner on a table, with a clock that stands still unless moved."""

    jobs: MemoryJobs = field(default_factory=MemoryJobs)
    backend: ScriptedBackend = field(default_factory=ScriptedBackend)
    now: float = NOW

    def __post_init__(self) -> None:
        self.runner = self.another("a")

    def another(self, worker: str) -> JobRunner:
        return JobRunner(self.jobs, self.backend, worker, lease_s=LEASE_S, pace=QUICK, clock=lambda: self.now)

    def submit(self, **given: int) -> Job:
        return self.jobs.submit(new_job(**given)).job

    def ended(self, job_id: str) -> Job:
        job = self.jobs.jobs[job_id]
        assert not job.is_open
        return job

    def text(self, job: Job, sample: int = 0) -> str:
        events = self.jobs.journal(job.id, Mark(), job.mark).events
        return "".join(event.text for event in events if isinstance(event, TextDelta) and event.sample == sample)

    async def written(self, job_id: str) -> None:
        """Until something of it is in the table."""
        await self.until(job_id, lambda job: job.mark.sequence > 0)

    async def until(self, job_id: str, is_so: Callable[[Job], bool]) -> None:
        async with asyncio.timeout(10):
            while not is_so(self.jobs.jobs[job_id]):  # noqa: ASYNC110 (another task's state)
                await asyncio.sleep(0.005)


@pytest.fixture
def machine() -> Machine:
    return Machine()


async def test_the_text_is_the_backends_and_ends_once(machine: Machine) -> None:
    job = machine.submit(length=9)
    assert await machine.runner.run(job.id) == Verdict("ended")
    ended = machine.ended(job.id)
    assert (ended.state, ended.model) == ("done", "gpt2")
    assert machine.text(ended) == "".join(machine.backend.words[:9])
    events = machine.jobs.journal(job.id, Mark(), ended.mark).events
    assert [event for event in events if isinstance(event, SampleFinished)] == [SampleFinished(0, "length", None, 9)]


async def test_the_backend_is_asked_for_what_was_ordered(machine: Machine) -> None:
    job = machine.submit()
    await machine.runner.run(job.id)
    (asked,) = machine.backend.requests
    assert (asked.request_id, asked.prompt, asked.options) == (job.id, "Once upon a time", job.order.options)
    assert (asked.model, asked.keep_last_tokens, asked.deadline_s) == ("gpt2", 100, 60.5)


async def test_time_left_bounds_the_writing(machine: Machine) -> None:
    job = machine.submit()
    machine.now = job.deadline_at - 5
    await machine.runner.run(job.id)
    assert machine.backend.requests[0].deadline_s == pytest.approx(5)


async def test_text_is_there_before_the_end(machine: Machine) -> None:
    machine.backend.hold(after=3)
    job = machine.submit()
    running = asyncio.create_task(machine.runner.run(job.id))
    await machine.written(job.id)
    assert "".join(machine.backend.words[:3]).startswith(machine.text(machine.jobs.jobs[job.id]))
    machine.backend.let_go()
    await running


async def test_an_error_keeps_the_text_and_says_what_it_was(machine: Machine) -> None:
    machine.backend.hold(after=3)
    machine.backend.fail_with = EngineFailed("The engine broke.", 4.0)
    job = machine.submit()
    machine.backend.let_go()
    await machine.runner.run(job.id)
    ended = machine.ended(job.id)
    assert (ended.state, ended.failure) == ("failed", Failure.of(EngineFailed("The engine broke.", 4.0)))
    assert machine.text(ended) == "".join(machine.backend.words[:3])


async def test_cancelling_stops_the_backend(machine: Machine) -> None:
    machine.backend.hold(after=3)
    job = machine.submit()
    running = asyncio.create_task(machine.runner.run(job.id))
    await machine.written(job.id)
    machine.jobs.cancel(job.id, NOW)
    assert await running == Verdict("ended")
    assert machine.ended(job.id).state == "cancelled"
    assert machine.backend.closed_streams == 1


async def test_given_back_another_begins_anew(machine: Machine) -> None:
    machine.backend.hold(after=3)
    job = machine.submit()
    running = asyncio.create_task(machine.runner.run(job.id))
    await machine.written(job.id)
    machine.runner.give_back()
    assert await running == Verdict("given back")
    assert machine.jobs.jobs[job.id].state == "queued"
    machine.backend.let_go()
    assert await machine.another("b").run(job.id) == Verdict("ended")
    ended = machine.ended(job.id)
    assert (ended.mark.attempt, ended.tries) == (2, 1)
    assert machine.text(ended) == "".join(machine.backend.words[:20])


async def test_who_lost_the_lease_drops_it(machine: Machine) -> None:
    machine.backend.hold(after=3)
    job = machine.submit()
    running = asyncio.create_task(machine.runner.run(job.id))
    await machine.written(job.id)
    other = machine.jobs.lease(job.id, "b", NOW + LEASE_S + 1)
    assert await running == Verdict("lost")
    assert machine.jobs.jobs[job.id] == other
    assert machine.backend.closed_streams == 1


async def test_a_job_that_another_holds_waits_for_its_lease(machine: Machine) -> None:
    job = machine.jobs.lease(machine.submit().id, "b", NOW)
    assert await machine.runner.run(job.id) == Verdict("held", NOW + LEASE_S)
    assert not machine.backend.requests


async def test_what_is_over_is_ended(machine: Machine) -> None:
    job = machine.submit()
    machine.now = job.deadline_at
    assert await machine.runner.run(job.id) == Verdict("ended")
    ended = machine.ended(job.id)
    assert ended.failure is not None
    assert ended.failure.sentence.startswith("No machine came")
    assert await machine.runner.run(job.id) == Verdict("ended")
    assert machine.jobs.jobs[job.id] == ended


async def test_after_too_many_tries_it_fails(machine: Machine) -> None:
    job = machine.submit()
    machine.jobs.jobs[job.id] = replace(job, tries=MAX_TRIES)
    assert await machine.runner.run(job.id) == Verdict("ended")
    failure = machine.ended(job.id).failure
    assert failure is not None
    assert "broke off 3 times" in failure.sentence


async def test_what_a_dead_worker_left_is_begun_anew(machine: Machine) -> None:
    job = machine.submit(length=9)
    dead = machine.jobs.lease(job.id, "dead", NOW)
    machine.jobs.write(dead, [TextDelta(0, "never to be read")], NOW)
    machine.now = NOW + LEASE_S + 1
    assert await machine.runner.run(job.id) == Verdict("ended")
    assert machine.text(machine.ended(job.id)) == "".join(machine.backend.words[:9])
    assert machine.ended(job.id).mark.attempt == 2


async def test_a_cancelled_job_whose_worker_died_is_ended(machine: Machine) -> None:
    job = machine.submit()
    machine.jobs.lease(job.id, "dead", NOW)
    machine.jobs.cancel(job.id, NOW)
    machine.now = NOW + LEASE_S + 1
    assert await machine.runner.run(job.id) == Verdict("ended")
    assert machine.ended(job.id).state == "cancelled"
    assert not machine.backend.requests


async def test_a_message_for_no_job_has_done_its_part(machine: Machine) -> None:
    assert await machine.runner.run("01M89CG7A1PGWP91R1RPTMNABR") == Verdict("ended")


async def test_silence_renews_the_lease(machine: Machine) -> None:
    machine.backend.hold(after=0)
    job = machine.submit()
    running = asyncio.create_task(machine.runner.run(job.id))
    machine.now = NOW + 20
    await machine.until(job.id, lambda job: job.lease_until == NOW + 20 + LEASE_S)
    machine.backend.let_go()
    assert await running == Verdict("ended")
    assert machine.ended(job.id).state == "done"


async def test_a_backend_that_goes_on_for_ever_is_ended_at_the_deadline(machine: Machine) -> None:
    machine.backend.hold(after=3)
    job = machine.submit()
    running = asyncio.create_task(machine.runner.run(job.id))
    await machine.written(job.id)
    machine.now = job.deadline_at
    assert await running == Verdict("ended")
    ended = machine.ended(job.id)
    assert ended.failure is not None
    assert (ended.state, ended.failure.code) == ("failed", DeadlineExceeded.code)
    assert machine.text(ended) == "".join(machine.backend.words[:3])
    assert machine.backend.closed_streams == 1


class NamelessBackend(ScriptedBackend):
    async def models(self) -> tuple[str, ...]:
        raise BackendUnavailable("Nothing answers there.")


async def test_a_whole_text_is_done_though_nobody_can_name_the_model() -> None:
    machine = Machine(backend=NamelessBackend())
    job = machine.submit(length=9)
    await machine.runner.run(job.id)
    assert (machine.ended(job.id).state, machine.ended(job.id).model) == ("done", "gpt2")


class BrokenBackend(ScriptedBackend):
    async def stream(self, request: CompletionRequest) -> AsyncGenerator[CompletionEvent, None]:
        yield TextDelta(0, "so far")
        raise ValueError("something of ours")


async def test_a_fault_of_ours_fails_the_job_and_says_no_more() -> None:
    machine = Machine(backend=BrokenBackend())
    job = machine.submit()
    with capture_logs() as logs:
        await machine.runner.run(job.id)
    ended = machine.ended(job.id)
    assert ended.failure is not None
    assert (ended.state, ended.failure.code, machine.text(ended)) == ("failed", EngineFailed.code, "so far")
    assert "something of ours" not in ended.failure.sentence + repr(logs)
    assert [line["kind"] for line in logs] == ["ValueError"]


async def test_a_table_away_for_a_moment_costs_nothing(machine: Machine) -> None:
    faults = Lossy(machine.jobs, ["lost", "unanswered"] * 4, only=("write", "finish"))
    job = machine.submit(length=9)
    runner = JobRunner(faults, machine.backend, "a", lease_s=LEASE_S, pace=QUICK, clock=lambda: machine.now)
    assert await runner.run(job.id) == Verdict("ended")
    ended = machine.ended(job.id)
    assert (ended.state, machine.text(ended)) == ("done", "".join(machine.backend.words[:9]))


async def test_a_table_away_for_longer_than_the_lease_costs_the_job(machine: Machine) -> None:
    table = Lossy(machine.jobs)
    machine.backend.hold(after=3)
    job = machine.submit()
    runner = JobRunner(table, machine.backend, "a", lease_s=LEASE_S, pace=QUICK, clock=lambda: machine.now)
    running = asyncio.create_task(runner.run(job.id))
    await machine.written(job.id)
    table.down = True
    machine.now = NOW + LEASE_S + 1
    assert await running == Verdict("lost")
    assert machine.backend.closed_streams == 1
    assert machine.jobs.jobs[job.id].state == "running"


async def test_a_job_that_can_not_be_asked_for_is_looked_at_again(machine: Machine) -> None:
    table = Lossy(machine.jobs)
    table.down = True
    runner = JobRunner(table, machine.backend, "a", lease_s=LEASE_S)
    job = machine.submit()
    assert await runner.run(job.id) == Verdict("lost")
    assert machine.jobs.jobs[job.id] == job


class UnreadableJobs(MemoryJobs):
    def lease(self, job_id: str, worker: str, now: float) -> Job:
        raise ValueError(self.prompt(job_id))


async def test_what_nobody_foresaw_costs_a_turn_and_is_logged_without_its_words() -> None:
    machine = Machine(jobs=UnreadableJobs())
    job = machine.submit()
    with capture_logs() as logs:
        assert await machine.runner.run(job.id) == Verdict("lost")
    assert [line["kind"] for line in logs] == ["ValueError"]
    assert "Once upon a time" not in repr(logs)


def test_a_message_comes_again_later_each_time_nobody_knows_why() -> None:
    waits = [Verdict("lost").again_in_s(NOW, deliveries) for deliveries in range(1, 9)]
    assert waits == [3, 6, 12, 24, 48, 96, 192, 300]
    assert Verdict("lost").again_in_s(NOW, 10_000) == 300


def test_a_held_job_comes_again_when_its_lease_ends() -> None:
    assert Verdict("held", NOW + 9.5).again_in_s(NOW) == 10
    assert Verdict("held", NOW - 60).again_in_s(NOW) == 1
    assert Verdict("given back").again_in_s(NOW) == 0
    assert Verdict("ended").again_in_s(NOW) is None
