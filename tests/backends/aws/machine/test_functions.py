"""The functions tick and fail as processes, told everything by their environment, as Lambda tells them."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from backends.aws.jobs.job import MAX_TRIES, Job
from backends.aws.machine.backlog import METRIC, NAMESPACE
from backends.aws.machine.reconciler import OVERDUE_S
from tests.backends.aws.jobs.contract import new_job
from tests.fakes.auto_scaling import NAME
from tests.fakes.aws_worker import LEASE_S, Stage
from tests.fakes.ec2_server import INSTANCE, FakeEc2
from tests.fakes.ministack import MiniStack

pytestmark = pytest.mark.slow
INVOKE = """
import json, sys
from importlib import import_module

class Context:
    def get_remaining_time_in_millis(self):
        return 60_000

print(json.dumps(import_module(sys.argv[1]).handler(json.loads(sys.argv[2]), Context())))
"""
TICK, FAIL = "backends.aws.machine.tick_function", "backends.aws.machine.fail_function"
SOONER = {"Records": [{"body": "00000000000000000000000000"}] * 3}


@dataclass
class Account:
    stage: Stage
    ec2: FakeEc2
    ec2_url: str

    def __post_init__(self) -> None:
        self.tick_url = self.stage.stack.client("sqs").create_queue(QueueName=f"{self.stage.table}-tick")["QueueUrl"]

    async def invoke(self, function: str, event: Mapping[str, Any], **more: str) -> str:
        """Its log."""
        environment = {
            **self.stage.environment,
            "AWS_ENDPOINT_URL_EC2": self.ec2_url,
            "AWS_ENDPOINT_URL_AUTO_SCALING": self.ec2_url,
            "INKLING_AWS_INSTANCE_ID": INSTANCE,
            "INKLING_AWS_TICK_QUEUE_URL": self.tick_url,
            **more,
        }
        run = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", INVOKE, function, json.dumps(event)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        return run.stderr + run.stdout

    def submit(self, ago_s: float = 0.0) -> Job:
        at = time.time() - ago_s
        return self.stage.jobs.submit(replace(new_job(), created_at=at, deadline_at=at + 300)).job

    def job(self, job: Job) -> Job:
        current = self.stage.jobs.job(job.id)
        assert current is not None
        return current

    def messages(self, url: str) -> list[str]:
        answer = self.stage.stack.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=6)
        return [message["Body"] for message in answer.get("Messages", ())]


@pytest.fixture
async def account(ministack: MiniStack, tmp_path: Path) -> AsyncIterator[Account]:
    ec2 = FakeEc2(pending_s=60)
    async with ec2.served() as url:
        yield Account(Stage(ministack, tmp_path, "http://127.0.0.1:9/v1"), ec2, url)


async def test_a_tick_wakes_resends_and_ends(account: Account) -> None:
    late, overdue = account.submit(ago_s=301), account.submit(ago_s=OVERDUE_S + 1)
    log = await account.invoke(TICK, {"source": "aws.events"})
    assert account.job(late).state == "failed"
    assert account.messages(account.stage.queue_url) == [overdue.id]
    assert account.ec2.machine.state == "pending"
    assert '"looked"' in log, log
    assert "Once upon a time" not in log


async def test_a_sooner_look_is_for_the_machine_alone_and_asks_for_one_more(account: Account) -> None:
    late, _ = account.submit(ago_s=301), account.submit(ago_s=OVERDUE_S + 1)
    account.ec2.machine.state = "stopping"
    await account.invoke(TICK, SOONER)
    assert account.job(late).is_open
    assert account.messages(account.tick_url) == ["00000000000000000000000000"]
    account.ec2.machine.state = "stopped"
    await account.invoke(TICK, SOONER)
    assert account.ec2.machine.state == "pending"


async def test_a_fleet_is_woken_and_hears_its_backlog(account: Account) -> None:
    account.submit(), account.submit()
    await account.invoke(TICK, {}, INKLING_AWS_MODE="fleet", INKLING_AWS_FLEET=NAME)
    assert account.ec2.group.desired == 1
    now = datetime.now(UTC)
    told = account.stage.stack.client("cloudwatch").get_metric_statistics(
        Namespace=NAMESPACE,
        MetricName=METRIC,
        Dimensions=[{"Name": "Fleet", "Value": NAME}],
        StartTime=now - timedelta(minutes=10),
        EndTime=now + timedelta(minutes=10),
        Period=3600,
        Statistics=["Maximum"],
    )
    assert [point["Maximum"] for point in told["Datapoints"]] == [2]


async def test_a_serverless_tick_asks_for_no_machine(account: Account) -> None:
    late = account.submit(ago_s=301)
    await account.invoke(TICK, {}, INKLING_AWS_MODE="serverless")
    assert account.job(late).state == "failed"
    assert account.ec2.calls == []


async def test_without_ec2_a_tick_looks_after_the_jobs(account: Account) -> None:
    late, _ = account.submit(ago_s=301), account.submit()
    account.ec2.faults = ["UnauthorizedOperation"]
    log = await account.invoke(TICK, {})
    assert account.job(late).state == "failed"
    assert "AWS doesn't allow DescribeInstances on the machine" in log


async def test_fail_ends_who_broke_off_too_often_and_no_other(account: Account) -> None:
    broken, queued = account.submit(), account.submit()
    for number in range(MAX_TRIES, 0, -1):
        account.stage.jobs.lease(broken.id, f"w{number}", time.time() - number * (LEASE_S + 1))
    await account.invoke(FAIL, {"Records": [{"body": broken.id}, {"body": queued.id}, {"body": "?"}]})
    assert (account.job(broken).state, account.job(queued).state) == ("failed", "queued")
