"""The worker as a process, on emulated DynamoDB and SQS."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backends.aws.jobs.job import Job, Mark, NewJob, Order
from backends.protocol import SampleFinished, TextDelta
from config.sampling import SamplingOptions
from tests.fakes.aws_worker import Stage
from tests.fakes.completions import FakeCompletions
from tests.fakes.ministack import MiniStack
from tests.fakes.openai_server import serve

pytestmark = pytest.mark.slow
PROMPT = "the keeper of the lamp wrote a letter"


@pytest.fixture
async def stage(ministack: MiniStack, tmp_path: Path) -> AsyncIterator[Stage]:
    async with serve(FakeCompletions(engine=True, delay_s=0.05).app()) as url:
        stage = Stage(ministack, tmp_path, url)
        yield stage
        await asyncio.to_thread(stage.end)


def submit(stage: Stage, *, seed: int = 7, length: int = 20, samples: int = 1, wait_s: float = 120) -> Job:
    now = time.time()
    order = Order(SamplingOptions(seed=seed, length=length, samples=samples))
    job = stage.jobs.submit(NewJob("bot", f"{seed}-{length}-{samples}-{now}", PROMPT, order, now, now + wait_s)).job
    stage.queue.send(job.id)
    stage.hosts.call("worker")
    return job


async def reach(stage: Stage, job_id: str, *states: str, written: int = 0) -> Job:
    async with asyncio.timeout(60):
        while True:
            job = await asyncio.to_thread(stage.jobs.job, job_id)
            assert job is not None
            if job.state in states and job.mark.sequence >= written:
                return job
            await asyncio.sleep(0.02)


def text(stage: Stage, job: Job) -> str:
    events = stage.jobs.journal(job.id, Mark(), job.mark).events
    assert len([event for event in events if isinstance(event, SampleFinished)]) == job.order.options.samples
    return "".join(event.text for event in events if isinstance(event, TextDelta))


async def ended(stage: Stage, *jobs: Job) -> list[str]:
    return [text(stage, await reach(stage, job.id, "done")) for job in jobs]


async def exit_code(process, within_s: float = 60) -> int:
    return await asyncio.to_thread(process.wait, within_s)


async def test_jobs_at_the_same_time_are_all_written(stage: Stage) -> None:
    stage.start_worker()
    jobs = [submit(stage, seed=seed) for seed in range(12)]
    texts = await ended(stage, *jobs)
    assert len(set(texts)) == 12
    again = await ended(stage, *(submit(stage, seed=seed) for seed in range(12)))
    assert texts == again


async def test_killed_in_the_middle_another_writes_the_same(stage: Stage) -> None:
    first = stage.start_worker()
    whole = (await ended(stage, submit(stage, length=40)))[0]
    job = submit(stage, length=40)
    await reach(stage, job.id, "running", written=1)
    first.send_signal(signal.SIGKILL)
    stage.start_worker()
    job = await reach(stage, job.id, "done")
    assert (text(stage, job), job.mark.attempt) == (whole, 2)


async def test_told_to_stop_it_finishes_what_is_short(stage: Stage) -> None:
    worker = stage.start_worker()
    job = submit(stage, length=40)
    await reach(stage, job.id, "running", written=1)
    worker.send_signal(signal.SIGTERM)
    assert await exit_code(worker) == 0
    assert (await reach(stage, job.id, "done")).mark.attempt == 1


async def test_idle_it_goes_unless_somebody_calls(stage: Stage) -> None:
    worker = stage.start_worker(INKLING_AWS_IDLE_S="1")
    await ended(stage, submit(stage))
    assert await exit_code(worker) == 0
    assert stage.hosts.host("worker").state == "draining"


async def test_a_message_that_comes_twice_writes_once(stage: Stage) -> None:
    stage.start_worker()
    stage.start_worker()
    job = submit(stage, length=40)
    for _ in range(3):
        stage.queue.send(job.id)
    done = await reach(stage, job.id, "done")
    assert done.mark.attempt == 1
