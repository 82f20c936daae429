"""An Auto Scaling group of fake machines: as many as are desired, and another for each that goes by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count

from tests.fakes.ec2_instance import FakeInstance, Hardware

NAME = "inkling-fleet"
STEP_S = 0.05
_numbers = count(1)


class Refused(Exception):
    """With AWS' code and words."""

    def __init__(self, code: str, message: str = "no") -> None:
        super().__init__(code)
        self.code = code
        self.message = message


@dataclass
class FakeGroup:
    hardware: Hardware
    least: int = 0
    most: int = 4
    desired: int = 0
    capacity: int = 100
    """So many AWS has at all."""
    instances: dict[str, FakeInstance] = field(default_factory=dict)
    protected: set[str] = field(default_factory=set)
    gone: list[FakeInstance] = field(default_factory=list)

    async def keep(self) -> None:
        """As many as are desired, for ever."""
        while True:
            for instance in list(self.instances.values()):
                if instance.state in ("stopping", "stopped"):
                    instance.terminate()  # it is unhealthy, and another takes its place
                if instance.state == "terminated":
                    self.gone.append(self.instances.pop(instance.id))
                    self.protected.discard(instance.id)
            self._even_out()
            await asyncio.sleep(STEP_S)

    def _even_out(self) -> None:
        staying = [each for each in self.instances.values() if each.state in ("pending", "running")]
        free = [each for each in staying if each.id not in self.protected]
        for instance in free[: max(len(staying) - self.desired, 0)]:
            instance.terminate()
        for _ in range(min(self.desired - len(staying), self.capacity - len(self.instances))):
            instance = FakeInstance(f"i-{next(_numbers):017x}", self.hardware)
            self.instances[instance.id] = instance
            instance.start()

    def answer(self, action: str, asked: Mapping[str, str]) -> str:
        """The result's XML. Raises Refused."""
        if asked.get("AutoScalingGroupName", NAME) != NAME:
            raise Refused("ValidationError", f"AutoScalingGroup name not found - no such group: {NAME}")
        match action:
            case "DescribeAutoScalingGroups":
                names = [value for name, value in asked.items() if name.startswith("AutoScalingGroupNames.member.")]
                return f"<AutoScalingGroups>{self._described() if NAME in names else ''}</AutoScalingGroups>"
            case "SetDesiredCapacity":
                self._want(int(asked["DesiredCapacity"]))
            case "SetInstanceProtection":
                self._protect(asked["InstanceIds.member.1"], asked["ProtectedFromScaleIn"] == "true")
            case "TerminateInstanceInAutoScalingGroup":
                self._let_go(asked["InstanceId"], asked["ShouldDecrementDesiredCapacity"] == "true")
                return "<Activity><StatusCode>InProgress</StatusCode></Activity>"
            case _:
                raise Refused("InvalidAction")
        return ""

    def _want(self, desired: int) -> None:
        if not self.least <= desired <= self.most:
            raise Refused("ValidationError", f"New SetDesiredCapacity value {desired} is above max value {self.most}")
        self.desired = desired

    def _member(self, instance_id: str) -> FakeInstance:
        if instance_id not in self.instances:
            raise Refused("ValidationError", f"The instance {instance_id} is not part of Auto Scaling group {NAME}.")
        return self.instances[instance_id]

    def _protect(self, instance_id: str, protect: bool) -> None:
        if self._member(instance_id).state != "running":
            raise Refused("ValidationError", f"The instance {instance_id} is not in InService.")
        (self.protected.add if protect else self.protected.discard)(instance_id)

    def _let_go(self, instance_id: str, decrement: bool) -> None:
        instance = self._member(instance_id)
        if decrement:
            self._want(self.desired - 1)
        instance.terminate()

    def _described(self) -> str:
        return (
            f"<member><AutoScalingGroupName>{NAME}</AutoScalingGroupName><MinSize>{self.least}</MinSize>"
            f"<MaxSize>{self.most}</MaxSize><DesiredCapacity>{self.desired}</DesiredCapacity>"
            f"<DefaultCooldown>300</DefaultCooldown><HealthCheckType>EC2</HealthCheckType>"
            f"<AvailabilityZones><member>eu-west-1a</member></AvailabilityZones>"
            f"<CreatedTime>2026-01-01T00:00:00Z</CreatedTime>"
            f"<Instances>{''.join(map(self._instance, self.instances.values()))}</Instances></member>"
        )

    def _instance(self, instance: FakeInstance) -> str:
        cycle = {"pending": "Pending", "running": "InService"}.get(instance.state, "Terminating")
        return (
            f"<member><InstanceId>{instance.id}</InstanceId><AvailabilityZone>eu-west-1a</AvailabilityZone>"
            f"<LifecycleState>{cycle}</LifecycleState><HealthStatus>Healthy</HealthStatus>"
            f"<ProtectedFromScaleIn>{str(instance.id in self.protected).lower()}</ProtectedFromScaleIn></member>"
        )
