"""One instance, asked for through boto3."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

import boto3
import pytest

from backends.aws.calls import AwsFailed
from backends.aws.machine.ec2 import Ec2Machine
from backends.aws.machine.factory import BRIEF
from backends.aws.machine.protocol import Power
from tests.fakes.ec2_server import INSTANCE, FakeEc2
from tests.fakes.ministack import REGION

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client


def connected(url: str) -> Callable[[], EC2Client]:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return lambda: boto3.client("ec2", endpoint_url=url, region_name=REGION, config=BRIEF, **keys)


@pytest.fixture
def ec2() -> FakeEc2:
    return FakeEc2(pending_s=60)


@pytest.fixture
async def machine(ec2: FakeEc2) -> AsyncIterator[Ec2Machine]:
    async with ec2.served() as url:
        yield Ec2Machine(connected(url), INSTANCE)


async def wake(machine: Ec2Machine) -> Power:
    return await asyncio.to_thread(machine.wake)


async def power_of(machine: Ec2Machine) -> Power:
    return await asyncio.to_thread(machine.power)


async def test_a_sleeping_machine_is_started_once(ec2: FakeEc2, machine: Ec2Machine) -> None:
    assert (await power_of(machine)).state == "off"
    assert {(await wake(machine)).state for _ in range(2)} == {"starting"}
    power = await power_of(machine)
    assert power.state == "starting"
    assert power.since == pytest.approx(ec2.machine.launched_at.timestamp(), abs=1)


async def test_two_at_once_start_it_once(ec2: FakeEc2, machine: Ec2Machine) -> None:
    ec2.pending_s = 0
    powers = await asyncio.gather(*(wake(machine) for _ in range(8)))
    assert {power.state for power in powers} <= {"starting", "on"}
    assert (ec2.machine.state, ec2.machine.boots) == ("running", 1)


async def test_one_that_is_on_stays_on(ec2: FakeEc2, machine: Ec2Machine) -> None:
    ec2.machine.state = "running"
    assert await wake(machine) == Power("on", "The machine is on.")


async def test_a_stopping_machine_says_so(ec2: FakeEc2, machine: Ec2Machine) -> None:
    ec2.machine.state = "stopping"
    assert await wake(machine) == Power("stopping", "The machine is stopping; it can be started again in a moment.")


async def test_it_is_switched_off(ec2: FakeEc2, machine: Ec2Machine) -> None:
    ec2.pending_s = ec2.stopping_s = 0
    ec2.boot = lambda _: asyncio.create_subprocess_exec("sleep", "60")
    await wake(machine)
    while (await power_of(machine)).state != "on":
        pass
    await asyncio.to_thread(machine.stop)
    await asyncio.wait_for(ec2.machine.off.wait(), 30)
    assert (await power_of(machine)).state == "off"
    await asyncio.to_thread(machine.stop)


async def test_one_that_is_gone_for_good(ec2: FakeEc2, machine: Ec2Machine) -> None:
    ec2.machine.terminate()
    assert await power_of(machine) == Power(
        "unknown", "There is no such machine any more; deploy again.", since=ec2.machine.launched_at.timestamp()
    )


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("InsufficientInstanceCapacity", "AWS has no machine of that kind just now (InsufficientInstanceCapacity)."),
        ("InsufficientHostCapacity", "AWS has no machine of that kind just now (InsufficientHostCapacity)."),
        ("VcpuLimitExceeded", "The account's quota of machines of that kind is used up (VcpuLimitExceeded)."),
    ],
)
async def test_no_capacity_is_no_error(ec2: FakeEc2, machine: Ec2Machine, code: str, sentence: str) -> None:
    ec2.refusal = code
    assert await wake(machine) == Power("off", sentence, no_capacity=True)
    assert len(ec2.calls) <= 2, "nobody waits while AWS is asked for what it doesn't have"
    assert (await power_of(machine)).state == "off"


@pytest.mark.parametrize("code", ["RequestLimitExceeded", "InternalError", "Unavailable"])
async def test_what_passes_is_tried_again(ec2: FakeEc2, machine: Ec2Machine, code: str) -> None:
    ec2.faults = [code]
    assert (await wake(machine)).state == "starting"


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
    ec2.faults = [code, code]
    with pytest.raises(AwsFailed) as failed:
        await wake(machine)
    assert failed.value.sentence == sentence


async def test_aws_out_of_reach_is_told() -> None:
    with pytest.raises(AwsFailed, match=r"^AWS can't be reached to ask the machine"):
        await wake(Ec2Machine(connected("http://127.0.0.1:9"), INSTANCE))


def test_no_client_is_made_for_nothing() -> None:
    def connect() -> EC2Client:
        raise AssertionError

    Ec2Machine(connect, INSTANCE)
