"""A whole deployment in this process: the API behind a transport, a table in memory, and a worker on any backend."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from backends.aws.api.api import Api
from backends.aws.api.messages import answer_of, request_of
from backends.aws.api.views import JobViews
from backends.aws.api.waking import Waking
from backends.aws.backend import AwsBackend
from backends.aws.client.invoke import event_of
from backends.aws.client.jobs import JobsClient
from backends.aws.client.transport import Answer, Question
from backends.aws.jobs.job import LEASE_S, JobEnd
from backends.aws.machine.none import NoMachine
from backends.aws.worker.run_job import JobRunner, Pace
from backends.protocol import Backend
from config.aws import Deployment
from tests.fakes.memory_jobs import MemoryHosts, MemoryJobs, MemoryQueue

DEPLOYMENT = Deployment(mode="serverless", table="jobs", queue_url="queue", model="fake-135m")


@dataclass
class Plane:
    jobs: MemoryJobs = field(default_factory=MemoryJobs)
    hosts: MemoryHosts = field(default_factory=MemoryHosts)
    queue: MemoryQueue = field(default_factory=MemoryQueue)
    deployment: Deployment = DEPLOYMENT

    def api(self) -> Api:
        waking = Waking(self.queue, None, self.hosts, NoMachine(), None, self.deployment)
        return Api(self.jobs, JobViews(self.jobs, self.hosts, self.deployment), waking, self.deployment)

    @asynccontextmanager
    async def working(self, backend: Backend) -> AsyncIterator[None]:
        """A worker that takes all there is, at once."""
        runner = JobRunner(
            self.jobs, backend, "worker", lease_s=LEASE_S, pace=Pace(write_s=0.02, beat_s=0.05, retry_s=0.02)
        )
        taking = asyncio.create_task(self._take(runner))
        try:
            yield
        finally:
            taking.cancel()
            await asyncio.gather(taking, return_exceptions=True)
            for left in self.jobs.open_jobs():  # lets go who still looks at it
                self.jobs.resolve(left, JobEnd("cancelled", time.time()))

    async def _take(self, runner: JobRunner) -> None:
        async with asyncio.TaskGroup() as jobs:
            while True:
                for message in self.queue.receive(10, 0):
                    jobs.create_task(runner.run(message.job_id))
                    self.queue.delete(message)
                await asyncio.sleep(0.005)


@dataclass
class PlaneTransport:
    """Asks the API as its function is asked, JSON and all."""

    api: Api
    owner: str = "arn:aws:iam::1:user/bot"

    async def ask(self, question: Question) -> Answer:
        event = json.loads(json.dumps(event_of(question)))
        event["requestContext"]["authorizer"] = {"iam": {"userArn": self.owner}}
        answer: dict[str, Any] = await asyncio.to_thread(self._answer, event)
        return Answer(answer["statusCode"], json.loads(answer["body"]), answer["headers"].get("retry-after"))

    def _answer(self, event: dict[str, Any]) -> dict[str, Any]:
        return answer_of(self.api.answer(request_of(event), lambda: 30.0))

    async def aclose(self) -> None:
        """Nothing is open."""


def backend_of(plane: Plane, name: str = "aws") -> AwsBackend:
    return AwsBackend(name, JobsClient(name, PlaneTransport(plane.api()), pauses_s=(0.01, 0.01)))
