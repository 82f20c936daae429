"""An Auto Scaling group of the same worker. It is woken from nought here; from one on its backlog scales it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from backends.aws.calls import asking, code_of
from backends.aws.machine.protocol import Power

if TYPE_CHECKING:
    from types_boto3_autoscaling import AutoScalingClient
    from types_boto3_autoscaling.type_defs import AutoScalingGroupTypeDef

WHAT = "the fleet"


class FleetMachine:
    """Raises AwsFailed, after retries."""

    def __init__(self, client: AutoScalingClient, group: str) -> None:
        self._client = client
        self._group = group

    def wake(self) -> Power:
        """One machine at least. Two that ask at once want the same."""
        group = self._described()
        if group is not None and group["DesiredCapacity"] == 0:
            with asking(WHAT):
                try:
                    self._client.set_desired_capacity(AutoScalingGroupName=self._group, DesiredCapacity=1)
                except ClientError as error:
                    if code_of(error) != "ScalingActivityInProgress":
                        raise
            return Power("starting", "The fleet is starting a machine.")
        return _power(group)

    def power(self) -> Power:
        return _power(self._described())

    def stop(self) -> None:
        """Machines of a fleet are replaced when they die; the group sees to that."""

    def _described(self) -> AutoScalingGroupTypeDef | None:
        with asking(WHAT):
            groups = self._client.describe_auto_scaling_groups(AutoScalingGroupNames=[self._group])
        return next(iter(groups["AutoScalingGroups"]), None)


def _power(group: AutoScalingGroupTypeDef | None) -> Power:
    if group is None:
        return Power("unknown", "There is no such fleet any more; deploy again.")
    serving = sum(1 for instance in group["Instances"] if instance["LifecycleState"] == "InService")
    if serving:
        return Power("on", f"{serving} machine{'s are' if serving > 1 else ' is'} on.")
    if group["DesiredCapacity"]:
        return Power("starting", "The fleet is starting a machine.")
    return Power("off", "The fleet has no machine on.")
