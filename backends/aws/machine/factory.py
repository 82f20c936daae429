"""The machine of a deployment, by its mode."""

from __future__ import annotations

import boto3
from botocore.config import Config

from backends.aws.calls import BRIEF, PATIENT, POLLING, asking
from backends.aws.machine.backlog import CloudWatchBacklog
from backends.aws.machine.ec2 import Ec2Machine
from backends.aws.machine.fleet import FleetMachine
from backends.aws.machine.none import NoMachine
from backends.aws.machine.protocol import Machine, TickQueue
from backends.aws.machine.reconciler import Backlog
from backends.aws.machine.ticks import SqsTicks
from backends.aws.wiring import queue_at
from config.aws import Deployment
from config.errors import InvalidSettings


def machine_of(deployment: Deployment, config: Config = BRIEF) -> Machine:
    """Asks AWS for nothing yet. Raises InvalidSettings when its mode needs what wasn't given."""
    match deployment.mode:
        case "serverless":
            return NoMachine()
        case "fleet":
            if deployment.fleet is None:
                raise InvalidSettings("INKLING_AWS_FLEET is needed in mode fleet.")
            return FleetMachine(lambda: boto3.client("autoscaling", config=config), deployment.fleet)
        case _:
            if deployment.instance_id is None:
                raise InvalidSettings(f"INKLING_AWS_INSTANCE_ID is needed in mode {deployment.mode}.")
            return Ec2Machine(lambda: boto3.client("ec2", config=config), deployment.instance_id)


def tick_queue_of(deployment: Deployment, config: Config = POLLING) -> TickQueue | None:
    return SqsTicks(queue_at(deployment.tick_queue_url, config)) if deployment.tick_queue_url else None


def backlog_of(deployment: Deployment) -> Backlog | None:
    """Only a fleet is scaled by it."""
    if deployment.mode != "fleet" or deployment.fleet is None:
        return None
    with asking("the fleet's metric"):
        return CloudWatchBacklog(boto3.client("cloudwatch", config=PATIENT), deployment.fleet)
