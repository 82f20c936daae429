"""One EC2 instance that sleeps when nobody types."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from backends.aws.calls import asking, code_of
from backends.aws.machine.protocol import Power, PowerState

if TYPE_CHECKING:
    from types_boto3_ec2 import EC2Client

WHAT = "the machine"
NO_CAPACITY = {
    "InsufficientInstanceCapacity",
    "InsufficientHostCapacity",
    "InsufficientReservedInstanceCapacity",
    "InsufficientCapacityOnHost",
    "InstanceLimitExceeded",
    "VcpuLimitExceeded",
    "SpotMaxPriceTooLow",
    "MaxSpotInstanceCountExceeded",
}
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
    """Raises AwsFailed, after retries."""

    def __init__(self, client: EC2Client, instance_id: str) -> None:
        self._client = client
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


def _power(state: str) -> Power:
    power = _STATES.get(state, "unknown")
    return Power(power, _DETAILS[power])


def _not_started(error: ClientError) -> Power:
    code = code_of(error)
    if code in _STOPPING:
        return _power("stopping")
    if code in NO_CAPACITY:
        return Power("off", f"AWS has no machine of that kind just now ({code}).", no_capacity=True)
    raise error
