"""An API asked as its function is asked, with a table in memory and a clock of the test's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from backends.aws.api.api import Api
from backends.aws.api.messages import answer_of, request_of
from backends.aws.api.views import JobViews
from backends.aws.api.waking import Waking
from backends.aws.calls import AwsFailed
from backends.aws.jobs.job import Job
from backends.aws.machine.protocol import Power
from config.aws import Deployment
from tests.backends.aws.jobs.contract import NOW
from tests.fakes.memory_jobs import MemoryHosts, MemoryJobs, MemoryQueue

ALICE, MALLORY = "arn:aws:iam::1:user/alice", "arn:aws:iam::1:user/mallory"


@dataclass
class ScriptedMachine:
    answers: Power | AwsFailed = field(default_factory=lambda: Power("starting", "The machine is starting."))
    wakes: int = 0

    def wake(self) -> Power:
        self.wakes += 1
        if isinstance(self.answers, AwsFailed):
            raise self.answers
        return self.answers

    def power(self) -> Power:
        return self.wake()

    def stop(self) -> None:
        raise AssertionError("the API stops no machine")


@dataclass
class Ticks:
    delays: list[int] = field(default_factory=list)

    def soon(self, delay_s: int) -> None:
        self.delays.append(delay_s)


class Asked:
    """An API, and what was done through it."""

    def __init__(self, jobs: MemoryJobs | None = None, **deployment: Any) -> None:
        self.now = NOW
        self.jobs, self.hosts = jobs or MemoryJobs(), MemoryHosts()
        self.machine, self.ticks = ScriptedMachine(), Ticks()
        self.queue, self.spare = MemoryQueue(), MemoryQueue()
        chosen = Deployment(**{"mode": "ec2", "table": "jobs", "queue_url": "queue", **deployment})
        waking = Waking(self.queue, self.spare, self.hosts, self.machine, self.ticks, chosen, clock=lambda: self.now)
        views = JobViews(self.jobs, self.hosts, chosen)
        self.api = Api(self.jobs, views, waking, chosen, clock=lambda: self.now, pause=self._pass)
        self.remaining_s = 30.0
        self.meanwhile: list[Any] = []

    def _pass(self, seconds: float) -> None:
        """Time passes, and the next thing happens."""
        self.now += seconds
        self.remaining_s -= seconds
        if self.meanwhile:
            self.meanwhile.pop(0)()

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        owner: str = ALICE,
        headers: Mapping[str, str] | None = None,
        **query: str,
    ) -> tuple[int, Any]:
        raw = body if isinstance(body, str) else json.dumps(body)
        event = {
            "rawPath": path,
            "queryStringParameters": query,
            "headers": headers,
            "requestContext": {"http": {"method": method}, "authorizer": {"iam": {"userArn": owner}}},
            "body": None if body is None else raw,
        }
        answer = answer_of(self.api.answer(request_of(json.loads(json.dumps(event))), lambda: self.remaining_s))
        return answer["statusCode"], json.loads(answer["body"])

    def submit(self, prompt: str = "Once", **more: Any) -> str:
        status, body = self.ask("POST", "/v1/jobs", {"prompt": prompt, **more})
        assert status == 202, body
        return str(body["id"])

    def sentence(self, *args: Any, **query: str) -> tuple[int, str]:
        status, body = self.ask(*args, **query)
        return status, body["error"]["sentence"]

    def job(self, job_id: str) -> Job:
        return self.jobs.jobs[job_id]
