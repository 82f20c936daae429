"""An Auto Scaling group, asked for through boto3, and a machine's own word to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
import pytest

from backends.aws.calls import AwsFailed
from backends.aws.machine.factory import BRIEF
from backends.aws.machine.fleet import FleetMachine
from backends.aws.machine.protocol import Power
from backends.aws.worker.membership import Membership
from tests.fakes.auto_scaling import NAME
from tests.fakes.ec2_instance import FakeInstance
from tests.fakes.ec2_server import FakeEc2
from tests.fakes.ministack import REGION

if TYPE_CHECKING:
    from types_boto3_autoscaling import AutoScalingClient

ASLEEP = Power("off", "The fleet has no machine on.")
STARTING = Power("starting", "The fleet is starting a machine.")


@dataclass
class Fleet:
    ec2: FakeEc2
    client: AutoScalingClient

    def machine(self, name: str = NAME) -> FleetMachine:
        return FleetMachine(lambda: self.client, name)

    async def wake(self) -> Power:
        return await asyncio.to_thread(self.machine().wake)

    async def power(self) -> Power:
        return await asyncio.to_thread(self.machine().power)

    async def until(self, reached: Callable[[list[FakeInstance]], bool]) -> list[FakeInstance]:
        """Its machines, once they are so."""
        async with asyncio.timeout(30):
            while not reached(machines := list(self.ec2.group.instances.values())):  # noqa: ASYNC110 (the group's own)
                await asyncio.sleep(0.01)
        return machines

    async def serving(self, number: int) -> list[FakeInstance]:
        return await self.until(lambda them: [each.state for each in them] == ["running"] * number)


@pytest.fixture
async def fleet() -> AsyncIterator[Fleet]:
    ec2 = FakeEc2(pending_s=0.1, stopping_s=0.1)
    async with ec2.served() as url:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        yield Fleet(ec2, boto3.client("autoscaling", endpoint_url=url, region_name=REGION, config=BRIEF, **keys))


async def test_it_is_woken_from_nought(fleet: Fleet) -> None:
    assert await fleet.power() == ASLEEP
    assert await fleet.wake() == STARTING
    await fleet.serving(1)
    assert await fleet.power() == Power("on", "1 machine is on.")


async def test_eight_at_once_start_one(fleet: Fleet) -> None:
    powers = await asyncio.gather(*(fleet.wake() for _ in range(8)))
    assert {power.state for power in powers} <= {"starting", "on"}
    await fleet.serving(1)
    assert len(fleet.ec2.group.instances) == 1


async def test_what_has_grown_is_not_made_smaller(fleet: Fleet) -> None:
    fleet.ec2.group.desired = 3
    await fleet.serving(3)
    assert await fleet.wake() == Power("on", "3 machines are on.")
    assert fleet.ec2.group.desired == 3
    assert "SetDesiredCapacity" not in fleet.ec2.calls


async def test_without_capacity_it_goes_on_starting(fleet: Fleet) -> None:
    fleet.ec2.group.capacity = 0
    assert [await fleet.wake(), await fleet.wake()] == [STARTING, STARTING]
    fleet.ec2.group.capacity = 1
    await fleet.serving(1)


async def test_while_it_scales_it_is_starting(fleet: Fleet) -> None:
    fleet.ec2.faults = ["", "ScalingActivityInProgress"]
    assert await fleet.wake() == STARTING
    assert await fleet.power() == ASLEEP
    assert await fleet.wake() == STARTING
    await fleet.serving(1)


async def test_it_is_switched_off_but_for_who_writes(fleet: Fleet) -> None:
    fleet.ec2.group.desired = 2
    idle, busy = await fleet.serving(2)
    await Membership(fleet.client, NAME, busy.id).protect(busy=True)
    await asyncio.to_thread(fleet.machine().stop)
    assert await fleet.power() == ASLEEP
    assert await fleet.until(lambda them: idle not in them) == [busy]
    assert busy.state == "running"
    await Membership(fleet.client, NAME, busy.id).protect(busy=False)
    assert not await fleet.until(lambda them: not them)


async def test_who_leaves_is_not_replaced(fleet: Fleet) -> None:
    fleet.ec2.group.desired = 2
    first, second = await fleet.serving(2)
    await Membership(fleet.client, NAME, first.id).leave()
    assert await fleet.until(lambda them: first not in them) == [second]
    assert fleet.ec2.group.desired == 1


async def test_who_switches_itself_off_is_replaced(fleet: Fleet) -> None:
    """That is why it must leave."""
    await fleet.wake()
    (first,) = await fleet.serving(1)
    first.stop()
    (second,) = await fleet.until(lambda them: first not in them and len(them) == 1)
    assert second is not first


async def test_who_is_no_member_is_only_warned_of_protection(fleet: Fleet) -> None:
    stranger = Membership(fleet.client, NAME, "i-0000000000000000f")
    await stranger.protect(busy=True)
    with pytest.raises(AwsFailed, match=r"^AWS failed at TerminateInstanceInAutoScalingGroup on the fleet"):
        await stranger.leave()


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("AccessDenied", "AWS doesn't allow DescribeAutoScalingGroups on the fleet; the role lacks that right."),
        ("Throttling", "AWS is throttling the fleet; try again in a moment."),
        ("InternalFailure", "AWS failed at DescribeAutoScalingGroups on the fleet (InternalFailure)."),
    ],
)
async def test_what_goes_wrong_is_told(fleet: Fleet, code: str, sentence: str) -> None:
    fleet.ec2.faults = [code, code]
    with pytest.raises(AwsFailed) as failed:
        await fleet.wake()
    assert failed.value.sentence == sentence


async def test_one_that_may_not_grow_says_so(fleet: Fleet) -> None:
    fleet.ec2.group.most = 0
    with pytest.raises(AwsFailed, match=r"^AWS failed at SetDesiredCapacity on the fleet \(ValidationError\)"):
        await fleet.wake()


async def test_one_that_is_gone(fleet: Fleet) -> None:
    gone = Power("unknown", "There is no such fleet any more; deploy again.")
    assert await asyncio.to_thread(fleet.machine("other").wake) == gone
