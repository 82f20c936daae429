"""A deployment with machines: the API and the reconciler in this process, DynamoDB and SQS on an emulator, the workers
real processes, which a double of EC2 and Auto Scaling starts and stops."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import boto3

from backends.aws.api.api import Api
from backends.aws.api.views import JobViews
from backends.aws.api.waking import Waking
from backends.aws.backend import AwsBackend
from backends.aws.client.jobs import JobsClient
from backends.aws.jobs.job import Job
from backends.aws.machine.ec2 import Ec2Machine
from backends.aws.machine.factory import BRIEF
from backends.aws.machine.fleet import FleetMachine
from backends.aws.machine.protocol import Machine
from backends.aws.machine.reconciler import Reconciler
from config.aws import AwsMode, Deployment
from tests.fakes.auto_scaling import NAME
from tests.fakes.aws_plane import PlaneTransport
from tests.fakes.aws_worker import LEASE_S, Stage
from tests.fakes.completions import FakeCompletions
from tests.fakes.ec2_server import INSTANCE, FakeEc2
from tests.fakes.memory_jobs import MemoryQueue
from tests.fakes.ministack import REGION, MiniStack
from tests.fakes.openai_server import serve

BOOT = (sys.executable, "-m", "backends.aws.worker")
LOOK_EVERY_S = 0.3
"""In place of a minute."""
SOON_S = 0.1
"""In place of some seconds."""


@dataclass
class Account:
    stage: Stage
    ec2: FakeEc2
    ec2_url: str
    mode: AwsMode = "ec2"
    idle_s: float = 1.0
    wake_s: float = 300.0
    spare: MemoryQueue = field(default_factory=MemoryQueue)
    variables: dict[str, str] = field(default_factory=dict)
    """Of the workers' environment, beside what they need."""
    sooner: list[asyncio.Task[object]] = field(default_factory=list)
    """The looks that somebody asked for."""

    def __post_init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.deployment = Deployment(
            mode=self.mode,
            table=self.stage.table,
            queue_url=self.stage.queue_url,
            instance_id=INSTANCE,
            fleet=NAME,
            lease_s=LEASE_S,
            idle_s=self.idle_s,
            wake_s=self.wake_s,
        )
        self.ec2.boot = self._boot
        jobs, hosts, queue = self.stage.jobs, self.stage.hosts, self.stage.queue
        waking = Waking(queue, self._spare, hosts, self.machine, self, self.deployment)
        self.api = Api(jobs, JobViews(jobs, hosts, self.deployment), waking, self.deployment)
        self.backend = AwsBackend("aws", JobsClient("aws", PlaneTransport(self.api), pauses_s=(0.05,)))
        self.reconciler = self.reconciler_at(0.0)

    def reconciler_at(self, ahead_s: float) -> Reconciler:
        """One whose clock is so much ahead."""
        jobs, hosts, queue = self.stage.jobs, self.stage.hosts, self.stage.queue
        return Reconciler(
            jobs,
            hosts,
            queue,
            self._spare,
            self.machine,
            self,
            self.deployment,
            clock=lambda: time.time() + ahead_s,
        )

    @property
    def _spare(self) -> MemoryQueue | None:
        return self.spare if self.mode == "ec2-with-fallback" else None

    @cached_property
    def machine(self) -> Machine:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        where = {"endpoint_url": self.ec2_url, "region_name": REGION}
        if self.mode == "fleet":
            return FleetMachine(lambda: boto3.client("autoscaling", config=BRIEF, **where, **keys), NAME)
        return Ec2Machine(lambda: boto3.client("ec2", config=BRIEF, **where, **keys), INSTANCE)

    async def _boot(self, instance_id: str) -> asyncio.subprocess.Process:
        more = {
            "INKLING_AWS_MODE": self.mode,
            "INKLING_AWS_IDLE_S": str(self.idle_s),
            "INKLING_AWS_METADATA_URL": f"{self.ec2_url}/imds/{instance_id}",
            "AWS_ENDPOINT_URL_AUTO_SCALING": self.ec2_url,
            **({"INKLING_AWS_FLEET": NAME} if self.mode == "fleet" else {}),
            **self.variables,
        }
        with (self.stage.folder / f"{instance_id}.log").open("ab") as log:
            environment = {**self.stage.environment, **more}
            return await asyncio.create_subprocess_exec(*BOOT, env=environment, stdout=log, stderr=log)

    def soon(self, delay_s: int) -> None:
        """As the tick queue does, many times faster."""
        self._loop.call_soon_threadsafe(self._look_soon)

    def _look_soon(self) -> None:
        async def look() -> object:
            await asyncio.sleep(SOON_S)
            return await asyncio.to_thread(self.reconciler.look_again)

        self.sooner.append(self._loop.create_task(look()))

    @asynccontextmanager
    async def looked_after(self) -> AsyncIterator[None]:
        """The tick function, many times faster."""
        looking = asyncio.create_task(self._keep_looking())
        try:
            yield
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.to_thread(self.reconciler.look)
            await asyncio.sleep(LOOK_EVERY_S)

    async def until(self, reached: Callable[[], bool], within_s: float = 60) -> None:
        async with asyncio.timeout(within_s):
            while not await asyncio.to_thread(reached):  # noqa: ASYNC110 (another process's state)
                await asyncio.sleep(0.02)

    def open_jobs(self) -> list[Job]:
        return list(self.stage.jobs.open_jobs())

    def is_writing(self) -> bool:
        return any(job.mark.sequence for job in self.open_jobs())

    async def aclose(self) -> None:
        await asyncio.gather(*self.sooner, return_exceptions=True)
        await self.backend.aclose()


@asynccontextmanager
async def opened(ministack: MiniStack, folder: Path, delay_s: float = 0.02, **more: object) -> AsyncIterator[Account]:
    """`delay_s` is before each word."""
    ec2 = FakeEc2()
    async with serve(FakeCompletions(engine=True, delay_s=delay_s).app()) as engine_url, ec2.served() as ec2_url:
        account = Account(Stage(ministack, folder, engine_url), ec2, ec2_url, **more)  # type: ignore[arg-type]
        try:
            yield account
        finally:
            await account.aclose()
