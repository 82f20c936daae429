from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import boto3
import pytest

from backends.aws.calls import AwsFailed
from backends.aws.worker.membership import Membership
from tests.fakes.fleet_calls import FleetCalls

INSTANCE = "i-0123456789abcdef0"


@dataclass
class Machine:
    calls: FleetCalls
    member: Membership


@pytest.fixture
async def machine() -> AsyncIterator[Machine]:
    calls = FleetCalls()
    async with calls.served() as url:
        client = await asyncio.to_thread(
            boto3.client,
            "autoscaling",
            endpoint_url=url,
            region_name="eu-west-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        yield Machine(calls, Membership(client, "inkling-fleet", INSTANCE))
        client.close()


async def test_a_machine_at_work_is_not_taken_away(machine: Machine) -> None:
    await machine.member.protect(True)
    await machine.member.protect(False)
    assert machine.calls.actions() == ["SetInstanceProtection"] * 2
    asked = [
        (call["AutoScalingGroupName"], call["InstanceIds.member.1"], call["ProtectedFromScaleIn"])
        for call in machine.calls.asked
    ]
    assert asked == [("inkling-fleet", INSTANCE, "true"), ("inkling-fleet", INSTANCE, "false")]


async def test_a_fleet_that_does_not_listen_is_no_reason_to_stop_working(machine: Machine) -> None:
    machine.calls.refuses = "ValidationError"
    await machine.member.protect(True)
    assert machine.calls.asked


async def test_who_leaves_is_not_replaced(machine: Machine) -> None:
    await machine.member.leave()
    (asked,) = machine.calls.asked
    assert asked["Action"] == "TerminateInstanceInAutoScalingGroup"
    assert (asked["InstanceId"], asked["ShouldDecrementDesiredCapacity"]) == (INSTANCE, "true")


async def test_who_may_not_leave_says_so(machine: Machine) -> None:
    machine.calls.refuses = "AccessDenied"
    with pytest.raises(AwsFailed, match="the fleet"):
        await machine.member.leave()
