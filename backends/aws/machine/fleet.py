"""An Auto Scaling group of the same worker. It is woken from nought here; from one on its backlog scales it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from backends.aws.calls import asking, code_of
from backends.aws.machine.protocol import Power

if TYPE_CHECKING:
    from types_boto3_autoscaling import AutoScalingClient
    from types_boto3_autoscaling.type_defs import AutoScalingGroupTypeDef

WHAT = "the fleet"
STARTING = Power("starting", "The fleet is starting a machine.")


class FleetMachine:
    """`connect` is called once, when it is first asked for something. Raises AwsFailed, after retries."""

    def __init__(self, connect: Callable[[], AutoScalingClient], group: str) -> None:
        self._connect = connect
        self._group = group

    def wake(self) -> Power:
        """One machine at least. Two that ask at once want the same."""
        group = self._described()
        if group is None or group["DesiredCapacity"] > 0:
            return _power(group)
        self._want(1)
        return STARTING

    def power(self) -> Power:
        return _power(self._described())

    def stop(self) -> None:
        """All its machines, but those that are protected since they write."""
        self._want(0)

    def _want(self, machines: int) -> None:
        with asking(WHAT):
            try:
                self._client.set_desired_capacity(
                    AutoScalingGroupName=self._group, DesiredCapacity=machines, HonorCooldown=False
                )
            except ClientError as error:
                if code_of(error) != "ScalingActivityInProgress":  # whoever asks again will have it
                    raise

    def _described(self) -> AutoScalingGroupTypeDef | None:
        with asking(WHAT):
            groups = self._client.describe_auto_scaling_groups(AutoScalingGroupNames=[self._group])
        return next(iter(groups["AutoScalingGroups"]), None)

    @cached_property
    def _client(self) -> AutoScalingClient:
        return self._connect()


def _power(group: AutoScalingGroupTypeDef | None) -> Power:
    if group is None:
        return Power("unknown", "There is no such fleet any more; deploy again.")
    if not group["DesiredCapacity"]:
        return Power("off", "The fleet has no machine on.")
    serving = sum(1 for instance in group["Instances"] if instance["LifecycleState"] == "InService")
    if serving:
        return Power("on", f"{serving} machine{'s are' if serving > 1 else ' is'} on.")
    return STARTING
