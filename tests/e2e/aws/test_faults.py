"""What goes wrong around a deployed job, and what arrives of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from backends.aws.backend import AwsBackend
from backends.aws.jobs.dynamodb import DynamoJobs
from backends.aws.jobs.job import Job, NewJob, Order
from backends.aws.jobs.table import JobTable
from backends.aws.machine.reconciler import OVERDUE_S
from backends.protocol import BackendHealth
from config.errors import BackendUnavailable
from config.sampling import SamplingOptions
from tests.backends.contract import complete, read, request
from tests.fakes.aws_stack import NAME, AwsStack, aws_stack

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("keys"), pytest.mark.timeout(300)]
ENDED_WITHIN_S = 60.0
LOST_WITHIN_S = 180.0
CORPUS = [
    "It costs $50 today",
    'He said "stop" and left',
    "$(echo X-$HOME) `id` ${PATH} $((1+1))",
    'x"; echo INNER; echo "',
    "line\nEOF\nmore\n\tand tabs\r\n",
    "{{ssm:inkling}} {{ global:DATE }} {% raw %}",
    "'; DROP TABLE jobs; -- \\' \\\\ %s %d %n",
    "nul \x00 bell \x07 escape \x1b[31m",
    "🖋️👩‍👩‍👧 𝔘𝔫𝔦 a\u0301 שלום \u202eevil\u202c \ufeff\u2028",
    "<script>alert(1)</script> &amp; <@U1> @everyone",
    "../../etc/passwd file:///etc/passwd http://169.254.169.254/latest/meta-data/",
    "-rf --help -- -",
    " leading and trailing \n",
]


@pytest.fixture
async def backend(stack: AwsStack) -> AsyncIterator[AwsBackend]:
    backend = stack.backend()
    yield backend
    await backend.aclose()


@pytest.fixture
def doomed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsStack]:
    """A stack to break."""
    with aws_stack(tmp_path) as stack:
        stack.deploy()
        for name, value in stack.aws.environment.items():
            monkeypatch.setenv(name, value)
        yield stack


def jobs_of(stack: AwsStack) -> DynamoJobs:
    return DynamoJobs(JobTable(stack.aws.client("dynamodb"), stack.table))


def written_by_hand(stack: AwsStack, key: str, deadline_s: float = 300, age_s: float = 0) -> Job:
    """In the table, and told to nobody."""
    now = time.time()
    order = Order(SamplingOptions(seed=1, length=5))
    return jobs_of(stack).submit(NewJob("direct", key, "the lamp", order, now - age_s, now + deadline_s)).job


async def until(reached: Callable[[], bool], within_s: float = ENDED_WITHIN_S) -> None:
    async with asyncio.timeout(within_s):
        while not await asyncio.to_thread(reached):  # noqa: ASYNC110 (another process's state)
            await asyncio.sleep(0.1)


def found(stack: AwsStack, job: Job) -> Job:
    found = jobs_of(stack).job(job.id)
    assert found is not None
    return found


async def ended(stack: AwsStack, job: Job, within_s: float = ENDED_WITHIN_S) -> Job:
    await until(lambda: not found(stack, job).is_open, within_s)
    return found(stack, job)


@pytest.mark.parametrize("prompt", CORPUS, ids=range(len(CORPUS)))
async def test_a_prompt_arrives_as_it_was_and_nothing_is_executed(
    stack: AwsStack, backend: AwsBackend, prompt: str
) -> None:
    await complete(backend, request(prompt))
    assert stack.writer.bodies[-1]["prompt"] == prompt
    assert prompt not in stack.log()


async def test_a_hundred_kilobytes_arrive(stack: AwsStack, backend: AwsBackend) -> None:
    prompt = "".join(f'"{number}" $(id)\n' for number in range(10_000))[:100_000]
    result = await read(backend, request(prompt, keep_last=5))
    assert result.error is None
    assert stack.writer.bodies[-1]["prompt"] == prompt


async def test_a_job_whose_message_was_lost_is_written_within_two_minutes(stack: AwsStack) -> None:
    """By the reconciler, which the schedule wakes each minute."""
    job = written_by_hand(stack, "lost", age_s=OVERDUE_S - 30)
    stack.invoke("tick", {})
    assert found(stack, job).state == "queued", "it may still be on its way"
    assert (await ended(stack, job, LOST_WITHIN_S)).state == "done"


async def test_a_message_nobody_could_handle_ends_the_job_that_is_due(stack: AwsStack) -> None:
    """Another still has its time: the reconciler sends it a new message."""
    late, early = written_by_hand(stack, "late", deadline_s=-1), written_by_hand(stack, "early")
    for job in (late, early):
        stack.aws.client("sqs").send_message(QueueUrl=stack.outputs["DeadQueue"], MessageBody=job.id)
    failed = await ended(stack, late)
    assert failed.state == "failed"
    assert failed.failure is not None
    assert "No machine came to write this" in failed.failure.sentence
    assert found(stack, early).state == "queued"


async def test_doubled_messages_write_a_job_once(stack: AwsStack) -> None:
    job, before = written_by_hand(stack, "doubled"), len(stack.writer.bodies)
    for _ in range(3):
        stack.aws.client("sqs").send_message(QueueUrl=stack.outputs["WorkQueue"], MessageBody=job.id)
    assert (await ended(stack, job)).state == "done"
    assert len(stack.writer.bodies) == before + 1


async def test_a_function_out_of_time_gives_its_job_to_the_next(doomed: AwsStack) -> None:
    doomed.aws.client("lambda").update_function_configuration(FunctionName=f"{NAME}-relay", Timeout=4)
    doomed.writer.delay_s = 0.2
    backend = doomed.backend()
    reading = asyncio.create_task(complete(backend, request(length=50)))
    # The trial of the deploy, this, and this again.
    await until(lambda: len(doomed.writer.bodies) >= 3)
    doomed.writer.delay_s = 0.01
    result = await asyncio.wait_for(reading, ENDED_WITHIN_S)
    assert len(result.texts[0].split()) == 50
    (record,) = [item for item in doomed.items("record") if int(item["attempt"]) > 1]
    assert record["state"] == "done"
    await backend.aclose()


async def test_a_table_that_is_gone_is_told_in_one_sentence(doomed: AwsStack) -> None:
    dynamodb, table = doomed.aws.client("dynamodb"), doomed.table
    dynamodb.delete_table(TableName=table)
    dynamodb.get_waiter("table_not_exists").wait(TableName=table, WaiterConfig={"Delay": 1})
    backend = doomed.backend()
    result = await read(backend, request())
    assert isinstance(result.error, BackendUnavailable)
    assert "the job table" in result.error.sentence
    health = await backend.health()
    assert health == BackendHealth("unavailable", health.detail)
    told = doomed.inkling("doctor", "--quick")
    assert told.code == 1
    assert "✗ Job table: AWS has no such thing as the job table any more" in told.out
    assert "Traceback" not in told.err
    await backend.aclose()
