"""What a reader hears when a job is begun again, waits, or is ended by others."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from backends.aws.client.jobs import JobsClient
from backends.aws.jobs.failure import Failure
from backends.aws.jobs.job import LEASE_S, Job, JobEnd
from backends.protocol import CompletionEvent, Progress, SampleFinished, TextDelta
from config.aws import Deployment
from config.errors import EngineFailed, PromptTooLong
from tests.backends.contract import read, request
from tests.fakes.aws_plane import Plane, PlaneTransport, backend_of

ON_A_MACHINE = Deployment(mode="ec2", table="jobs", queue_url="queue", instance_id="i-1")


async def job_of(plane: Plane) -> Job:
    async with asyncio.timeout(10):
        while not plane.jobs.jobs:  # noqa: ASYNC110 (another task's state)
            await asyncio.sleep(0.005)
    (job,) = plane.jobs.jobs.values()
    return job


class Reader:
    """Reads a stream in the background, event by event."""

    def __init__(self, plane: Plane, **options: Any) -> None:
        self.plane = plane
        self.events: list[CompletionEvent] = []
        self.backend = backend_of(plane)
        self.task = asyncio.create_task(self._read(request(**options)))

    async def _read(self, asked: Any) -> None:
        async with aclosing(self.backend.stream(asked)) as events:
            async for event in events:
                self.events.append(event)

    async def hears(self, event: CompletionEvent) -> None:
        async with asyncio.timeout(10):
            while event not in self.events:
                assert not self.task.done(), self.task.exception()
                await asyncio.sleep(0.005)

    @property
    def text(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, TextDelta))


async def test_another_attempt_goes_on_where_the_reader_was() -> None:
    plane = Plane()
    reader = Reader(plane)
    job = await job_of(plane)
    now = time.time()
    plane.jobs.write(plane.jobs.lease(job.id, "a", now - 2 * LEASE_S), [TextDelta(0, "Once upon")], now - 2 * LEASE_S)
    await reader.hears(TextDelta(0, "Once upon"))
    held = plane.jobs.write(plane.jobs.lease(job.id, "b", now), [TextDelta(0, "Once")], now)
    held = plane.jobs.write(held, [TextDelta(0, " upon a"), TextDelta(0, " time")], now)
    plane.jobs.finish(held, [SampleFinished(0, "length", None, 4)], JobEnd("done", now))
    await reader.task
    assert reader.text == "Once upon a time"
    assert reader.events[-1] == SampleFinished(0, "length", None, 4)


async def test_who_waits_for_a_machine_is_told() -> None:
    plane = Plane(deployment=ON_A_MACHINE)
    reader = Reader(plane)
    job = await job_of(plane)
    async with asyncio.timeout(10):
        while not reader.events:  # noqa: ASYNC110 (another task's state)
            await asyncio.sleep(0.005)
    first = reader.events[0]
    assert isinstance(first, Progress)
    assert (first.stage, first.position) == ("waking", 0)
    assert first.eta_s == pytest.approx(30, abs=5)
    held = plane.jobs.lease(job.id, "a", time.time())
    await reader.hears(Progress("running"))
    plane.jobs.finish(held, [], JobEnd("done", time.time()))
    await reader.task


async def test_a_job_that_somebody_else_ended_is_an_error() -> None:
    plane = Plane()
    reader = Reader(plane)
    plane.jobs.cancel((await job_of(plane)).id, time.time())
    with pytest.raises(EngineFailed, match="Somebody else stopped this"):
        await reader.task


async def test_the_same_request_again_is_the_same_job() -> None:
    plane = Plane()
    asked = request()
    readers = [asyncio.create_task(read(backend_of(plane), asked)) for _ in range(2)]
    job = await job_of(plane)
    now = time.time()
    held = plane.jobs.lease(job.id, "a", now)
    plane.jobs.finish(held, [TextDelta(0, "Once"), SampleFinished(0, "stop", None, 1)], JobEnd("done", now))
    results = await asyncio.gather(*readers)
    assert [result.texts[0] for result in results] == ["Once", "Once"]
    assert len(plane.jobs.jobs) == 1


@pytest.mark.parametrize("ended", [False, True])
async def test_who_comes_back_after_a_crash_hears_all_of_it(ended: bool) -> None:
    """The job went on meanwhile; nobody else heard of it."""
    plane, asked = Plane(), request()
    await JobsClient("aws", PlaneTransport(plane.api())).submit(asked)
    job, now = await job_of(plane), time.time()
    held = plane.jobs.write(plane.jobs.lease(job.id, "a", now), [TextDelta(0, "Once")], now)
    held = plane.jobs.write(held, [TextDelta(0, " upon")], now)
    if ended:
        plane.jobs.finish(held, [SampleFinished(0, "length", None, 2)], JobEnd("done", now))
    reader = asyncio.create_task(read(backend_of(plane), asked))
    if not ended:
        plane.jobs.finish(held, [SampleFinished(0, "length", None, 2)], JobEnd("done", now))
    result = await reader
    assert result.error is None
    assert result.texts == {0: "Once upon"}
    assert len(plane.jobs.jobs) == 1


async def test_a_prompt_that_is_cut_is_asked_for_under_the_same_id() -> None:
    plane, asked = Plane(), request("word " * 60)
    too_long = asyncio.create_task(read(backend_of(plane), asked))
    first = await job_of(plane)
    plane.jobs.resolve(first, JobEnd("failed", time.time(), Failure.of(PromptTooLong("gpt2", 60, 8, 64))))
    assert isinstance((await too_long).error, PromptTooLong)
    cut = asyncio.create_task(read(backend_of(plane), replace(asked, keep_last_tokens=56)))
    async with asyncio.timeout(10):
        while len(plane.jobs.jobs) < 2:  # noqa: ASYNC110 (another task's state)
            await asyncio.sleep(0.005)
    (second,) = plane.jobs.open_jobs()
    assert second.order.keep_last_tokens == 56
    plane.jobs.resolve(second, JobEnd("done", time.time()))
    assert (await cut).error is None
