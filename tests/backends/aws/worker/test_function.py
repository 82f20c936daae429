"""The worker as a Lambda function: in this process on a table in memory, and as Lambda runs it."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from backends.aws.jobs.job import LEASE_S, Job, NewJob, Order
from backends.aws.jobs.protocol import Message
from backends.aws.worker.function import Turns
from backends.aws.worker.run_job import Pace
from config.sampling import SamplingOptions
from tests.fakes.aws_worker import Stage
from tests.fakes.completions import FakeCompletions
from tests.fakes.lambda_runtime import FakeLambda
from tests.fakes.lossy import Lossy
from tests.fakes.memory_jobs import MemoryJobs, MemoryQueue
from tests.fakes.ministack import MiniStack
from tests.fakes.openai_server import serve
from tests.fakes.scripted_backend import ScriptedBackend

HANDLER = "backends.aws.worker.function.handler"
NOTHING_AGAIN: dict[str, list[Any]] = {"batchItemFailures": []}


def event_of(message: Message) -> dict[str, Any]:
    """As SQS gives it to a function, with what is used of it."""
    record = {
        "messageId": "the-message",
        "receiptHandle": message.receipt,
        "body": message.job_id,
        "attributes": {"ApproximateReceiveCount": str(message.deliveries)},
        "eventSource": "aws:sqs",
    }
    return {"Records": [record]}


class Invoked:
    """Turns on a table in memory."""

    def __init__(self) -> None:
        self.jobs, self.queue, self.backend = MemoryJobs(), MemoryQueue(), ScriptedBackend()
        self.table = Lossy(self.jobs)
        self.turns = Turns(self.table, self.queue, self.backend, lease_s=LEASE_S, pace=Pace(0.01, 0.02, 0.01))

    def submit(self) -> Message:
        now = time.time()
        order = Order(SamplingOptions(seed=1, length=9))
        job = self.jobs.submit(NewJob("bot", "key", "Once", order, now, now + 300)).job
        self.queue.send(job.id)
        return self.queue.receive(1, 0)[0]

    def take(self, message: Message, remaining_s: float = 60.0) -> dict[str, Any]:
        return self.turns.take(event_of(message), lambda: remaining_s)

    def job(self, message: Message) -> Job:
        return self.jobs.jobs[message.job_id]


@pytest.fixture
def invoked() -> Iterator[Invoked]:
    invoked = Invoked()
    yield invoked
    invoked.turns.close()


def test_a_written_job_needs_no_message_any_more(invoked: Invoked) -> None:
    message = invoked.submit()
    assert invoked.take(message) == NOTHING_AGAIN
    assert invoked.job(message).state == "done"
    assert invoked.take(message) == NOTHING_AGAIN
    assert len(invoked.backend.requests) == 1


def test_what_takes_too_long_is_given_back_in_time(invoked: Invoked) -> None:
    invoked.backend.hold()
    message = invoked.submit()
    begun = time.monotonic()
    assert invoked.take(message, 0.5) == {"batchItemFailures": [{"itemIdentifier": "the-message"}]}
    assert time.monotonic() - begun < 30
    assert (invoked.job(message).state, invoked.job(message).tries) == ("queued", 0)
    assert [seen.job_id for seen in invoked.queue.receive(1, 0)] == [message.job_id]


def test_a_job_that_another_holds_comes_again(invoked: Invoked) -> None:
    message = invoked.submit()
    invoked.jobs.lease(message.job_id, "another", time.time())
    assert invoked.take(message)["batchItemFailures"]
    (due_at, _) = invoked.queue.messages[message.receipt]
    assert LEASE_S - 10 < due_at - invoked.queue.clock() < LEASE_S + 2


def test_without_a_table_it_comes_again(invoked: Invoked) -> None:
    message = invoked.submit()
    invoked.table.down = True
    assert invoked.take(message)["batchItemFailures"]
    invoked.table.down = False
    assert invoked.take(message) == NOTHING_AGAIN
    assert invoked.job(message).state == "done"


def test_what_nobody_foresaw_comes_again_and_fails_no_invocation(invoked: Invoked) -> None:
    message = invoked.submit()
    job = invoked.job(message)
    invoked.jobs.jobs[job.id] = replace(job, deadline_at=None)  # type: ignore[arg-type]
    assert invoked.take(message)["batchItemFailures"]
    invoked.jobs.jobs[job.id] = job
    assert invoked.take(message) == NOTHING_AGAIN
    assert invoked.job(message).state == "done"


def test_what_names_no_job_is_thrown_away(invoked: Invoked) -> None:
    assert invoked.take(Message("$(id)", "r")) == NOTHING_AGAIN
    assert invoked.turns.take({}, lambda: 1.0) == NOTHING_AGAIN


# As Lambda runs it


@asynccontextmanager
async def function(api: FakeLambda, environment: Mapping[str, str], folder: Path) -> AsyncIterator[None]:
    async with api.served() as url:
        with (folder / "function.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "awslambdaric", HANDLER),
                env={
                    **environment,
                    "AWS_LAMBDA_RUNTIME_API": urlsplit(url).netloc,
                    "AWS_LAMBDA_FUNCTION_NAME": "worker",
                },
                stdout=log,
                stderr=log,
                cwd=folder,
            )
        try:
            yield
        finally:
            process.kill()
            await process.wait()


async def submitted(stage: Stage, length: int) -> Message:
    now = time.time()
    order = Order(SamplingOptions(seed=7, length=length))
    job = stage.jobs.submit(NewJob("bot", f"{length}-{now}", "the keeper of the lamp", order, now, now + 300)).job
    return await announced(stage, job.id)


async def announced(stage: Stage, job_id: str) -> Message:
    stage.queue.send(job_id)
    return (await asyncio.to_thread(stage.queue.receive, 1, 10))[0]


@pytest.mark.slow
async def test_in_lambdas_own_runtime_a_job_is_written(ministack: MiniStack, tmp_path: Path) -> None:
    server, api = FakeCompletions(engine=True), FakeLambda()
    async with serve(server.app()) as url:
        stage = Stage(ministack, tmp_path, url)
        async with function(api, stage.environment, tmp_path):
            for length in (5, 9):
                message = await submitted(stage, length)
                assert await api.invoke(event_of(message), 30) == ("response", NOTHING_AGAIN)
                job = stage.jobs.job(message.job_id)
                assert job is not None
                assert (job.state, job.mark.attempt) == ("done", 1)
    assert [body["max_tokens"] for body in server.bodies] == [5, 9]


@pytest.mark.slow
async def test_three_seconds_are_too_short_and_the_next_one_does_it(ministack: MiniStack, tmp_path: Path) -> None:
    server, api = FakeCompletions(engine=True, delay_s=0.2), FakeLambda()
    async with serve(server.app()) as url:
        stage = Stage(ministack, tmp_path, url, visibility_s=300)
        async with function(api, stage.environment, tmp_path):
            await api.invoke({"Records": []}, 30)  # so that none of the three is for getting ready
            message = await submitted(stage, 30)
            kind, said = await api.invoke(event_of(message), 3)
            assert (kind, len(said["batchItemFailures"])) == ("response", 1)
            given_back = stage.jobs.job(message.job_id)
            assert given_back is not None
            assert (given_back.state, given_back.tries) == ("queued", 0)
            assert given_back.mark.sequence > 0
            server.delay_s = 0
            (again,) = await asyncio.to_thread(stage.queue.receive, 1, 5)
            assert await api.invoke(event_of(again), 30) == ("response", NOTHING_AGAIN)
            job = stage.jobs.job(message.job_id)
            assert job is not None
            assert (job.state, job.mark.attempt, job.tries) == ("done", 2, 1)


@pytest.mark.slow
async def test_wrong_settings_are_named(tmp_path: Path, ministack: MiniStack) -> None:
    api = FakeLambda()
    stage = Stage(ministack, tmp_path, "http://127.0.0.1:9/v1")
    async with function(api, {**stage.environment, "INKLING_AWS_LEASE_S": "-1"}, tmp_path):
        kind, said = await api.invoke({"Records": []}, 30)
    assert (kind, said["errorType"]) == ("error", "InvalidSettings")
    assert "INKLING_AWS_LEASE_S" in said["errorMessage"]
