"""The worker as a process, on emulated DynamoDB and SQS."""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backends.aws.jobs.job import Job, Mark, NewJob, Order
from backends.protocol import SampleFinished, TextDelta
from config.sampling import SamplingOptions
from tests.fakes.aws_worker import Stage
from tests.fakes.completions import FakeCompletions
from tests.fakes.faulty_aws import faulty_aws
from tests.fakes.fleet_calls import FleetCalls
from tests.fakes.instance_metadata import SPOT, FakeMetadata
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


@pytest.fixture
async def slow_stage(ministack: MiniStack, tmp_path: Path) -> AsyncIterator[Stage]:
    """Where the longest text takes longer than a stopping worker waits."""
    async with serve(FakeCompletions(engine=True, delay_s=0.2).app()) as url:
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


async def reach(stage: Stage, job_id: str, *states: str, written: int = 0, within_s: float = 60) -> Job:
    async with asyncio.timeout(within_s):
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


async def test_idle_it_goes(stage: Stage) -> None:
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


async def test_a_message_that_is_lost_is_no_ones_end(stage: Stage) -> None:
    """The reconciler sends it again; here the test does."""
    stage.start_worker()
    await ended(stage, submit(stage))
    now = time.time()
    order = Order(SamplingOptions(seed=1, length=5))
    job = stage.jobs.submit(NewJob("bot", "lost", PROMPT, order, now, now + 60)).job
    assert (await reach(stage, job.id, "queued")).mark.attempt == 0
    stage.queue.send(job.id)
    assert (await reach(stage, job.id, "done")).mark.attempt == 1


async def test_told_to_stop_what_is_long_is_given_back_and_the_next_one_writes_it(slow_stage: Stage) -> None:
    stage = slow_stage
    worker = stage.start_worker()
    job = submit(stage, length=40, wait_s=600)
    await reach(stage, job.id, "running", written=1)
    begun = time.monotonic()
    worker.send_signal(signal.SIGTERM)
    assert await exit_code(worker) == 0
    assert time.monotonic() - begun < 60
    queued = await reach(stage, job.id, "queued")
    assert (queued.tries, queued.mark.attempt) == (0, 1)
    assert stage.hosts.host("worker").state == "draining"
    stage.start_worker()
    assert (await reach(stage, job.id, "done")).mark.attempt == 2


async def test_who_holds_two_deliveries_writes_once_and_a_second_worker_waits_for_the_lease(stage: Stage) -> None:
    job = submit(stage, length=40)
    held = stage.jobs.lease(job.id, "somebody dead", time.time())
    assert held.mark.attempt == 1
    stage.start_worker()
    done = await reach(stage, job.id, "done")
    assert done.mark.attempt == 2
    assert done.started_at is not None


@pytest.mark.parametrize("skew_s", [-60, 60])
async def test_a_clock_that_is_a_minute_off_changes_no_text(stage: Stage, skew_s: int) -> None:
    """Of somebody who submits and of a worker that died; the one here has the right time."""
    stage.start_worker()
    whole = (await ended(stage, submit(stage, length=30)))[0]
    now = time.time() + skew_s
    order = Order(SamplingOptions(seed=7, length=30))
    job = stage.jobs.submit(NewJob("bot", f"skewed {skew_s}", PROMPT, order, now, now + 300)).job
    stage.jobs.lease(job.id, "somebody dead", now - 10)
    stage.queue.send(job.id)
    done = await reach(stage, job.id, "done", within_s=100)
    assert (text(stage, done), done.mark.attempt) == (whole, 2)


async def test_it_works_through_aws_on_a_bad_day(stage: Stage, ministack: MiniStack) -> None:
    whole = None
    with faulty_aws(ministack.url) as faulty:
        stage.start_worker(AWS_ENDPOINT_URL=faulty.url)
        whole = await ended(stage, *(submit(stage, seed=seed, length=30) for seed in range(4)))
        for fault in ("throttled", "unavailable", "broken", "cut", "lost answer"):
            for operation in ("UpdateItem", "PutItem", "GetItem", "Query", "ReceiveMessage", "DeleteMessage"):
                faulty.plan(fault, operation, times=2, after=1)
        texts = await ended(stage, *(submit(stage, seed=seed, length=30) for seed in range(4)))
    assert texts == whole


async def test_a_table_that_is_gone_for_a_while_costs_time_alone(stage: Stage, ministack: MiniStack) -> None:
    with faulty_aws(ministack.url) as faulty:
        worker = stage.start_worker(AWS_ENDPOINT_URL=faulty.url)
        await ended(stage, submit(stage))
        for operation in ("GetItem", "UpdateItem", "PutItem", "Query"):
            faulty.plan("gone", operation)
        job = submit(stage)
        asked = faulty.count("GetItem")
        async with asyncio.timeout(60):
            while faulty.count("GetItem") < asked + 2:  # noqa: ASYNC110 (another process asks)
                await asyncio.sleep(0.05)
        assert worker.poll() is None
        faulty.heal()
        assert (await reach(stage, job.id, "done")).mark.attempt == 1


async def test_aws_wants_the_machine_back(stage: Stage) -> None:
    told = FakeMetadata()
    async with told.served() as url:
        worker = stage.start_worker(INKLING_AWS_METADATA_URL=url.removesuffix("/v1"))
        job = submit(stage, length=40)
        await reach(stage, job.id, "running", written=1)
        told.told[SPOT] = '{"action": "stop", "time": "2026-11-25T08:22:00Z"}'
        assert await exit_code(worker) == 0
    assert (await reach(stage, job.id, "done")).mark.attempt == 1
    assert stage.hosts.host("worker").state == "draining"


async def test_a_machine_of_a_fleet_leaves_it_when_idle(stage: Stage) -> None:
    told, fleet = FakeMetadata(), FleetCalls()
    async with told.served() as url, fleet.served() as fleet_url:
        worker = stage.start_worker(
            INKLING_AWS_METADATA_URL=url.removesuffix("/v1"),
            INKLING_AWS_MODE="fleet",
            INKLING_AWS_FLEET="inkling-fleet",
            INKLING_AWS_IDLE_S="1",
            AWS_ENDPOINT_URL_AUTO_SCALING=fleet_url,
        )
        await ended(stage, submit(stage))
        assert await exit_code(worker) == 0
    assert fleet.actions()[-1] == "TerminateInstanceInAutoScalingGroup"


async def test_a_machine_that_can_not_leave_its_fleet_does_not_just_go_off(stage: Stage) -> None:
    """The fleet would replace it, for ever."""
    told, fleet = FakeMetadata(), FleetCalls(refuses="AccessDenied")
    async with told.served() as url, fleet.served() as fleet_url:
        worker = stage.start_worker(
            INKLING_AWS_METADATA_URL=url.removesuffix("/v1"),
            INKLING_AWS_MODE="fleet",
            INKLING_AWS_FLEET="inkling-fleet",
            INKLING_AWS_IDLE_S="1",
            AWS_ENDPOINT_URL_AUTO_SCALING=fleet_url,
        )
        assert await exit_code(worker) == 1
        nameless = stage.start_worker(INKLING_AWS_MODE="fleet", INKLING_AWS_FLEET="inkling-fleet")
        assert await exit_code(nameless) == 1


async def test_wrong_settings_are_hopeless(stage: Stage) -> None:
    assert await exit_code(stage.start_worker(INKLING_AWS_TABLE="")) == 2


async def test_systemd_hears_of_it_and_its_log_holds_no_text(stage: Stage, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(str(tmp_path / "notify"))
        notify.settimeout(30)
        alive = tmp_path / "alive"
        worker = stage.start_worker(NOTIFY_SOCKET=str(tmp_path / "notify"), INKLING_AWS_ALIVE_FILE=str(alive))
        assert await asyncio.to_thread(notify.recv, 100) == b"READY=1"
        assert await asyncio.to_thread(notify.recv, 100) == b"WATCHDOG=1"
        written = await ended(stage, submit(stage))
        worker.send_signal(signal.SIGTERM)
        assert await exit_code(worker) == 0
    assert alive.exists()
    log = (tmp_path / "worker-0.log").read_text()
    assert "turn ended" in log
    assert PROMPT not in log
    assert written[0] not in log
