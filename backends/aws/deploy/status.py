"""How a stack is right now: what works, what waits, what today cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from backends.aws.calls import AwsFailed, asking
from backends.aws.deploy.account import Account
from backends.aws.deploy.prices import Cost, cost_of
from backends.aws.deploy.stack import Stack, StackState
from backends.aws.deploy.usage import usage_today
from backends.aws.jobs.hosts import DynamoHosts
from backends.aws.jobs.protocol import Host
from backends.aws.jobs.table import JobTable

HOST = "worker"
"""The name under which a single machine beats, as `config.aws` has it."""
COUNTED = 1000


@dataclass(frozen=True, slots=True)
class Machine:
    id: str
    state: str
    """AWS' own word: running, stopped, …"""
    kind: str


@dataclass(frozen=True, slots=True)
class Depth:
    waiting: int
    """Messages nobody has taken."""
    taken: int


@dataclass(frozen=True, slots=True)
class StatusReport:
    stack: StackState
    machines: Sequence[Machine]
    host: Host
    work: Depth
    dead: Depth
    open_jobs: int
    cost: Cost | None
    """Of today, since midnight UTC; None when CloudWatch can't be asked."""
    cost_trouble: str | None = None


def read_status(account: Account, stack: Stack) -> StatusReport:
    """Raises AwsFailed."""
    state = stack.existing()
    table = JobTable(account.dynamodb, state.output("JobTable"))
    cost, trouble = _cost(account, stack.name, state)
    return StatusReport(
        state,
        machines_of(account, state),
        DynamoHosts(table).host(HOST),
        depth(account, state.output("WorkQueue")),
        depth(account, state.output("DeadQueue")),
        table.count_open("job#~", COUNTED),
        cost,
        trouble,
    )


def machines_of(account: Account, state: StackState) -> list[Machine]:
    """The stack's own; of a fleet those that are not gone yet. Raises AwsFailed."""
    if "Machine" in state.outputs:
        return _instances(account, {"instance-id": state.outputs["Machine"]})
    if "Fleet" in state.outputs:
        return _instances(account, {"tag:aws:autoscaling:groupName": state.outputs["Fleet"]})
    return []


def _instances(account: Account, wanted: dict[str, str]) -> list[Machine]:
    filters = {name: [value] for name, value in wanted.items()}
    filters["instance-state-name"] = ["pending", "running", "stopping", "stopped"]
    with asking("the machines"):
        answer = account.ec2.describe_instances(
            Filters=[{"Name": name, "Values": values} for name, values in filters.items()]
        )
    return [
        Machine(each["InstanceId"], each["State"]["Name"], each["InstanceType"])
        for reservation in answer["Reservations"]
        for each in reservation["Instances"]
    ]


def depth(account: Account, queue_url: str) -> Depth:
    with asking("the queue"):
        answer = account.sqs.get_queue_attributes(
            QueueUrl=queue_url,
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )
    counts = answer["Attributes"]
    return Depth(
        int(counts.get("ApproximateNumberOfMessages", 0)), int(counts.get("ApproximateNumberOfMessagesNotVisible", 0))
    )


def _cost(account: Account, stack: str, state: StackState) -> tuple[Cost | None, str | None]:
    try:
        return cost_of(usage_today(account, stack, state, datetime.now(UTC))), None
    except AwsFailed as error:
        return None, error.sentence
