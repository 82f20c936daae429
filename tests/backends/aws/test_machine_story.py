"""A machine's days: the API, DynamoDB, SQS and the worker's process are real or emulated, EC2 alone is a double.

Its process is started when it is switched on, and its good end switches it off.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import boto3
import pytest

from backends.aws.api.api import Api
from backends.aws.api.views import JobViews
from backends.aws.api.waking import Waking
from backends.aws.backend import AwsBackend
from backends.aws.client.jobs import JobsClient
from backends.aws.machine.ec2 import Ec2Machine
from backends.aws.machine.factory import BRIEF
from backends.aws.machine.reconciler import Reconciler
from backends.aws.worker.run_job import JobRunner, Pace
from backends.completions_api.client import OpenAIClient
from backends.openai import OpenAIBackend
from backends.protocol import Progress, TextDelta
from config.aws import AwsMode, Deployment
from tests.backends.contract import Result, complete, read, request
from tests.fakes.aws_plane import PlaneTransport
from tests.fakes.aws_worker import LEASE_S, Stage
from tests.fakes.completions import FakeCompletions
from tests.fakes.ec2_server import INSTANCE, FakeEc2
from tests.fakes.memory_jobs import MemoryQueue
from tests.fakes.ministack import REGION, MiniStack
from tests.fakes.openai_server import serve

pytestmark = pytest.mark.slow
BOOT = (sys.executable, "-m", "backends.aws.worker")


@dataclass
class Account:
    """One deployment with one machine."""

    stage: Stage
    ec2: FakeEc2
    ec2_url: str
    mode: AwsMode = "ec2"
    idle_s: float = 1.0
    spare: MemoryQueue = field(default_factory=MemoryQueue)
    sooner: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.deployment = Deployment(
            mode=self.mode,
            table=self.stage.table,
            queue_url=self.stage.queue_url,
            instance_id=INSTANCE,
            lease_s=LEASE_S,
            idle_s=self.idle_s,
        )
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        client = boto3.client("ec2", endpoint_url=self.ec2_url, region_name=REGION, config=BRIEF, **keys)
        self.machine = Ec2Machine(lambda: client, INSTANCE)
        self.ec2.boot = self._boot
        jobs, hosts, queue = self.stage.jobs, self.stage.hosts, self.stage.queue
        spare = self.spare if self.mode == "ec2-with-fallback" else None
        waking = Waking(queue, spare, hosts, self.machine, self, self.deployment)
        self.api = Api(jobs, JobViews(jobs, hosts, self.deployment), waking, self.deployment)
        self.backend = AwsBackend("aws", JobsClient("aws", PlaneTransport(self.api), pauses_s=(0.05,)))
        self.reconciler = Reconciler(jobs, hosts, queue, spare, self.machine, self, self.deployment)

    async def _boot(self, instance_id: str) -> asyncio.subprocess.Process:
        with (self.stage.folder / f"boot-{self.ec2.machine.boots}.log").open("wb") as log:
            environment = {**self.stage.environment, "INKLING_AWS_IDLE_S": str(self.idle_s)}
            return await asyncio.create_subprocess_exec(*BOOT, env=environment, stdout=log, stderr=log)

    def soon(self, delay_s: int) -> None:
        self.sooner.append(delay_s)

    @asynccontextmanager
    async def looked_after(self) -> AsyncIterator[None]:
        """The tick function, many times faster."""
        looking = asyncio.create_task(self._look())
        try:
            yield
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)

    async def _look(self) -> None:
        while True:
            await asyncio.to_thread(self.reconciler.look)
            await asyncio.sleep(0.3)

    async def until(self, reached: Callable[[], bool], within_s: float = 60) -> None:
        async with asyncio.timeout(within_s):
            while not reached():  # noqa: ASYNC110 (another process's state)
                await asyncio.sleep(0.02)


@asynccontextmanager
async def opened(ministack: MiniStack, folder: Path, delay_s: float = 0.02, **more: object) -> AsyncIterator[Account]:
    ec2 = FakeEc2()
    async with serve(FakeCompletions(engine=True, delay_s=delay_s).app()) as engine_url, ec2.served() as ec2_url:
        account = Account(Stage(ministack, folder, engine_url), ec2, ec2_url, **more)  # type: ignore[arg-type]
        yield account
        await account.backend.aclose()


@pytest.fixture
async def account(ministack: MiniStack, tmp_path: Path) -> AsyncIterator[Account]:
    async with opened(ministack, tmp_path) as account:
        yield account


def stages(result: Result) -> list[str]:
    seen = [progress.stage for progress in result.progress]
    return [stage for number, stage in enumerate(seen) if number == 0 or seen[number - 1] != stage]


async def test_a_request_wakes_it_and_it_sleeps_again(account: Account) -> None:
    first = await complete(account.backend, request(length=20))
    assert len(first.texts[0].split()) == 20
    assert stages(first)[0] == "waking"
    assert (account.ec2.machine.state, account.ec2.machine.boots) == ("running", 1)
    await account.until(lambda: account.ec2.machine.state == "stopped")
    again = await complete(account.backend, request(length=20))
    assert again.texts == first.texts
    assert account.ec2.machine.boots == 2


async def test_awake_it_answers_without_waking(account: Account) -> None:
    await complete(account.backend, request())
    second = await complete(account.backend, request())
    assert "waking" not in stages(second)
    assert account.ec2.machine.boots == 1


async def test_text_shows_while_it_is_written(ministack: MiniStack, tmp_path: Path) -> None:
    async with opened(ministack, tmp_path, delay_s=0.1, idle_s=60) as account:
        await complete(account.backend, request(length=1))
        pieces = [event async for event in account.backend.stream(request(length=30)) if isinstance(event, TextDelta)]
        assert len(pieces) >= 4


async def test_what_comes_while_it_stops_is_written_by_the_next_boot(account: Account) -> None:
    await complete(account.backend, request())
    await account.until(lambda: account.ec2.machine.state == "stopping")
    async with account.looked_after():
        result = await complete(account.backend, request(seed=9))
    assert len(result.texts[0].split()) == 8
    assert account.ec2.machine.boots == 2
    assert account.sooner


async def test_killed_in_the_middle_it_comes_back_and_finishes(ministack: MiniStack, tmp_path: Path) -> None:
    async with opened(ministack, tmp_path, delay_s=0.1, idle_s=60) as account:
        whole = await complete(account.backend, request(length=30, seed=5))
        reading = asyncio.create_task(read(account.backend, request(length=30, seed=5)))
        await account.until(lambda: any(job.mark.sequence for job in account.stage.jobs.open_jobs()))
        account.ec2.machine.signal(signal.SIGKILL)
        async with account.looked_after():
            result = await reading
        assert result.error is None
        assert result.texts == whole.texts
        assert len(result.ends) == 1


async def test_switched_off_in_the_middle_the_next_boot_finishes(ministack: MiniStack, tmp_path: Path) -> None:
    """StopInstances is SIGTERM; what is long is given back."""
    async with opened(ministack, tmp_path, delay_s=0.7, idle_s=60) as account:
        reading = asyncio.create_task(read(account.backend, request(length=40)))
        await account.until(lambda: any(job.mark.sequence for job in account.stage.jobs.open_jobs()))
        await asyncio.to_thread(account.machine.stop)
        await account.until(lambda: account.ec2.machine.state == "stopped")
        async with account.looked_after():
            result = await reading
        assert result.error is None
        assert len(result.texts[0].split()) == 40
        assert account.ec2.machine.boots == 2


async def test_without_capacity_lambda_writes_it(ministack: MiniStack, tmp_path: Path) -> None:
    async with opened(ministack, tmp_path, mode="ec2-with-fallback") as account:
        account.ec2.refusal = "InsufficientInstanceCapacity"
        reading = asyncio.create_task(read(account.backend, request()))
        await account.until(lambda: bool(account.spare.messages))
        (message,) = account.spare.receive(1, 0)
        engine_url = account.stage.engine_url
        engine = OpenAIBackend("engine", OpenAIClient("engine", engine_url))
        runner = JobRunner(account.stage.jobs, engine, "lambda", lease_s=LEASE_S, pace=Pace())
        assert (await runner.run(message.job_id)).kind == "ended"
        assert len((await reading).texts[0].split()) == 8
        assert account.ec2.machine.boots == 0
        await engine.aclose()


async def test_a_reader_that_leaves_stops_the_machine_writing(ministack: MiniStack, tmp_path: Path) -> None:
    async with opened(ministack, tmp_path, delay_s=0.1, idle_s=60) as account:
        async for event in account.backend.stream(request(length=50)):
            if not isinstance(event, Progress):
                break
        await account.until(lambda: not list(account.stage.jobs.open_jobs()))
