"""Which machine a deployment has."""

from __future__ import annotations

import pytest

from backends.aws.machine.ec2 import Ec2Machine
from backends.aws.machine.factory import backlog_of, machine_of, tick_queue_of
from backends.aws.machine.fleet import FleetMachine
from backends.aws.machine.none import NoMachine
from backends.aws.machine.protocol import Power
from backends.aws.machine.ticks import SOON, SqsTicks
from config.aws import AwsMode, Deployment
from config.errors import InvalidSettings
from tests.fakes.memory_jobs import MemoryQueue


def deployment(mode: AwsMode, **more: str) -> Deployment:
    return Deployment.model_validate({"mode": mode, "table": "jobs", "queue_url": "queue", **more})


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (deployment("ec2", instance_id="i-1"), Ec2Machine),
        (deployment("ec2-with-fallback", instance_id="i-1"), Ec2Machine),
        (deployment("fleet", fleet="fleet"), FleetMachine),
        (deployment("serverless"), NoMachine),
    ],
    ids=lambda given: getattr(given, "mode", ""),
)
def test_each_mode_has_its_machine(given: Deployment, kind: type) -> None:
    assert isinstance(machine_of(given), kind)


@pytest.mark.parametrize(
    ("mode", "variable"),
    [
        ("ec2", "INKLING_AWS_INSTANCE_ID"),
        ("ec2-with-fallback", "INKLING_AWS_INSTANCE_ID"),
        ("fleet", "INKLING_AWS_FLEET"),
    ],
)
def test_what_is_missing_is_named(mode: AwsMode, variable: str) -> None:
    with pytest.raises(InvalidSettings) as refused:
        machine_of(deployment(mode))
    assert refused.value.sentence == f"{variable} is needed in mode {mode}."


def test_lambda_is_always_on() -> None:
    machine = NoMachine()
    machine.stop()
    assert machine.wake() == machine.power() == Power("on", "Lambda writes; there is no machine to start.")


def test_what_a_deployment_has_not_is_not_there() -> None:
    assert tick_queue_of(deployment("serverless")) is None
    assert backlog_of(deployment("ec2", instance_id="i-1", fleet="fleet")) is None


def test_a_sooner_look_is_a_late_message() -> None:
    now = 100.0
    queue = MemoryQueue(lambda: now)
    SqsTicks(queue).soon(5)
    assert not queue.receive(10, 0)
    now += 5
    assert [message.job_id for message in queue.receive(10, 0)] == [SOON]
