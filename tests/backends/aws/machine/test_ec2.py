"""One instance, asked for through boto3."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import boto3
import pytest
from botocore.config import Config

from backends.aws.calls import AwsFailed
from backends.aws.machine.ec2 import Ec2Machine
from backends.aws.machine.protocol import Power
from tests.fakes.ec2_server import INSTANCE, FakeEc2
from tests.fakes.ministack import REGION


@pytest.fixture
def ec2() -> FakeEc2:
    return FakeEc2(pending_s=60)


@pytest.fixture
async def machine(ec2: FakeEc2) -> AsyncIterator[Ec2Machine]:
    async with ec2.served() as url:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        once = Config(retries={"total_max_attempts": 1})
        yield Ec2Machine(boto3.client("ec2", endpoint_url=url, region_name=REGION, config=once, **keys), INSTANCE)


async def wake(machine: Ec2Machine) -> Power:
    return await asyncio.to_thread(machine.wake)


async def test_a_sleeping_machine_is_started_once(ec2: FakeEc2, machine: Ec2Machine) -> None:
    assert (await asyncio.to_thread(machine.power)).state == "off"
    assert [(await wake(machine)).state for _ in range(2)] == ["starting", "starting"]
    power = await asyncio.to_thread(machine.power)
    assert power.state == "starting"
    assert power.since == pytest.approx(ec2.launched_at.timestamp(), abs=1)


async def test_a_stopping_machine_says_so(ec2: FakeEc2, machine: Ec2Machine) -> None:
    ec2.state = "stopping"
    power = await wake(machine)
    assert (power.state, power.no_capacity) == ("stopping", False)


@pytest.mark.parametrize("code", ["InsufficientInstanceCapacity", "InstanceLimitExceeded", "VcpuLimitExceeded"])
async def test_no_capacity_is_no_error(ec2: FakeEc2, machine: Ec2Machine, code: str) -> None:
    ec2.faults = [code]
    power = await wake(machine)
    assert (power.state, power.no_capacity) == ("off", True)
    assert code in power.detail


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("UnauthorizedOperation", "AWS doesn't allow StartInstances on the machine; the role lacks that right."),
        ("RequestLimitExceeded", "AWS is throttling the machine; try again in a moment."),
        ("InvalidInstanceID.NotFound", "AWS has no such thing as the machine any more (InvalidInstanceID.NotFound)."),
        ("AuthFailure", "AWS refuses the credentials used to ask the machine (AuthFailure)."),
        ("InternalError", "AWS failed at StartInstances on the machine (InternalError)."),
    ],
)
async def test_what_goes_wrong_is_told(ec2: FakeEc2, machine: Ec2Machine, code: str, sentence: str) -> None:
    ec2.faults = [code]
    with pytest.raises(AwsFailed) as failed:
        await wake(machine)
    assert failed.value.sentence == sentence


async def test_aws_out_of_reach_is_told() -> None:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    once = Config(retries={"total_max_attempts": 1})
    client = boto3.client("ec2", endpoint_url="http://127.0.0.1:9", region_name=REGION, config=once, **keys)
    with pytest.raises(AwsFailed, match=r"^AWS can't be reached to ask the machine"):
        await wake(Ec2Machine(client, INSTANCE))
