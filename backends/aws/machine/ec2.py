"""One EC2 instance that sleeps when nobody types."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from backends.aws.calls import asking, code_of
from backends.aws.machine.protocol import Power, PowerState

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client

WHAT = "the machine"
_NO_CAPACITY = {
    "InsufficientInstanceCapacity",
    "InsufficientHostCapacity",
    "InsufficientReservedInstanceCapacity",
    "InsufficientCapacityOnHost",
    "SpotMaxPriceTooLow",
}
_OVER_QUOTA = {"InstanceLimitExceeded", "VcpuLimitExceeded", "MaxSpotInstanceCountExceeded"}
_STOPPING = {"IncorrectInstanceState", "IncorrectState"}
_STATES: dict[str, PowerState] = {
    "pending": "starting",
    "running": "on",
    "stopping": "stopping",
    "shutting-down": "stopping",
    "stopped": "off",
}
_DETAILS: dict[PowerState, str] = {
    "starting": "The machine is starting.",
    "on": "The machine is on.",
    "stopping": "The machine is stopping; it can be started again in a moment.",
    "off": "The machine is off.",
    "unknown": "There is no such machine any more; deploy again.",
}


class Ec2Machine:
    """`connect` is called once, when it is first asked for something: most requests find a machine that is awake, and
    need no client of EC2, which takes a quarter of a second to make. Raises AwsFailed, after retries."""

    def __init__(self, connect: Callable[[], EC2Client], instance_id: str) -> None:
        self._connect = connect
        self._instance_id = instance_id

    def wake(self) -> Power:
        """Starting one that is on, or twice at once, is harmless."""
        with asking(WHAT):
            try:
                answer = self._client.start_instances(InstanceIds=[self._instance_id])
            except ClientError as error:
                return _not_started(error)
        return _power(answer["StartingInstances"][0]["CurrentState"]["Name"])

    def power(self) -> Power:
        with asking(WHAT):
            answer = self._client.describe_instances(InstanceIds=[self._instance_id])
        instances = [instance for group in answer["Reservations"] for instance in group["Instances"]]
        if not instances:
            return _power("terminated")
        return replace(_power(instances[0]["State"]["Name"]), since=instances[0]["LaunchTime"].timestamp())

    def stop(self) -> None:
        with asking(WHAT):
            self._client.stop_instances(InstanceIds=[self._instance_id])

    @cached_property
    def _client(self) -> EC2Client:
        return self._connect()


def _power(state: str) -> Power:
    power = _STATES.get(state, "unknown")
    return Power(power, _DETAILS[power])


def _not_started(error: ClientError) -> Power:
    code = code_of(error)
    if code in _STOPPING:
        return _power("stopping")
    if code in _NO_CAPACITY:
        return Power("off", f"AWS has no machine of that kind just now ({code}).", no_capacity=True)
    if code in _OVER_QUOTA:
        return Power("off", f"The account's quota of machines of that kind is used up ({code}).", no_capacity=True)
    raise error
