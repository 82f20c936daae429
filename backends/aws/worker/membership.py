"""A machine of a fleet: not to be taken away while it writes, and gone for good when it is not needed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from backends.aws.calls import AwsFailed, asking

if TYPE_CHECKING:
    from types_boto3_autoscaling import AutoScalingClient

log = structlog.get_logger(__name__)


class Membership:
    def __init__(self, client: AutoScalingClient, group: str, instance_id: str) -> None:
        self._client = client
        self._group = group
        self._instance_id = instance_id

    async def protect(self, busy: bool) -> None:
        """Whether the fleet may take this machine when it shrinks; best effort, since leases survive that too."""
        try:
            await asyncio.to_thread(self._protect, busy)
        except AwsFailed as error:
            log.warning("the fleet was not told", busy=busy, problem=error.sentence)

    def _protect(self, busy: bool) -> None:
        with asking("the fleet"):
            self._client.set_instance_protection(
                AutoScalingGroupName=self._group, InstanceIds=[self._instance_id], ProtectedFromScaleIn=busy
            )

    async def leave(self) -> None:
        """A fleet replaces a machine that switches itself off, so it is asked to end it. Raises AwsFailed."""
        await asyncio.to_thread(self._leave)

    def _leave(self) -> None:
        with asking("the fleet"):
            self._client.terminate_instance_in_auto_scaling_group(
                InstanceId=self._instance_id, ShouldDecrementDesiredCapacity=True
            )
