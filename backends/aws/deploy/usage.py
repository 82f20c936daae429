"""How much of everything a stack has used today, as CloudWatch counted it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from backends.aws.calls import asking
from backends.aws.deploy.account import Account
from backends.aws.deploy.prices import Usage
from backends.aws.deploy.stack import StackState

if TYPE_CHECKING:
    from types_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef

WHAT = "CloudWatch"
MACHINE_SAMPLE_S = 300
"""Basic monitoring counts a machine that is on every five minutes."""
FUNCTIONS = ("api", "tick", "fail", "worker")
MEMORY_GB = {"api": 0.5, "tick": 0.25, "fail": 0.25}
CALLS_A_MESSAGE = 3
"""Sent, received, deleted."""
EMPTY_RECEIVES_A_MINUTE = 15
"""Of each event source that waits at a queue: five pollers, 20 s each."""

Query = tuple[str, str, Mapping[str, str], str]
"""Namespace, name, dimensions, statistic."""


def usage_today(account: Account, stack: str, state: StackState, now: datetime) -> Usage:
    """Since midnight UTC. Raises AwsFailed."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    counts = _sums(account, dict(_queries(stack, state)), midnight, now)
    parameters = state.parameters
    hours = (now - midnight).total_seconds() / 3600
    memory = MEMORY_GB | {"worker": float(parameters.get("WorkerMemoryMb") or 0) / 1024}
    sources = 1 + ("Machine" in state.outputs) + ("WorkerFunction" in state.outputs)
    has_machine = parameters.get("Mode") != "serverless"
    return Usage(
        hours,
        machine_type=parameters.get("InstanceType"),
        machine_hours=counts["machine"] * MACHINE_SAMPLE_S / 3600 + counts["fleet"] / 60,
        disk_gb=float(parameters.get("DiskGb") or 0) if "Machine" in state.outputs else 0.0,
        lambda_gb_seconds=sum(counts[f"{name}_ms"] / 1000 * memory[name] for name in FUNCTIONS),
        lambda_calls=sum(counts[f"{name}_calls"] for name in FUNCTIONS),
        lambda_architecture=parameters.get("FunctionArchitecture") or "x86_64",
        api_calls=counts["api_requests"],
        queue_calls=counts["messages"] * CALLS_A_MESSAGE + sources * EMPTY_RECEIVES_A_MINUTE * 60 * hours,
        table_writes=counts["writes"],
        table_reads=counts["reads"],
        alarms=4 if has_machine else 3,
    )


def _queries(stack: str, state: StackState) -> Iterator[tuple[str, Query]]:
    outputs = state.outputs
    for name in FUNCTIONS:
        own_name = outputs.get("WorkerFunction", "none") if name == "worker" else f"{stack}-{name}"
        dimensions = {"FunctionName": own_name}
        yield f"{name}_ms", ("AWS/Lambda", "Duration", dimensions, "Sum")
        yield f"{name}_calls", ("AWS/Lambda", "Invocations", dimensions, "Sum")
    table = {"TableName": outputs.get("JobTable", "")}
    yield "writes", ("AWS/DynamoDB", "ConsumedWriteCapacityUnits", table, "Sum")
    yield "reads", ("AWS/DynamoDB", "ConsumedReadCapacityUnits", table, "Sum")
    api_id = outputs.get("ApiUrl", "").partition("//")[2].partition(".")[0]
    yield "api_requests", ("AWS/ApiGateway", "Count", {"ApiId": api_id}, "Sum")
    queue = outputs.get("WorkQueue", "").rpartition("/")[2]
    yield "messages", ("AWS/SQS", "NumberOfMessagesSent", {"QueueName": queue}, "Sum")
    yield "machine", ("AWS/EC2", "CPUUtilization", {"InstanceId": outputs.get("Machine", "none")}, "SampleCount")
    fleet = {"AutoScalingGroupName": outputs.get("Fleet", "none")}
    yield "fleet", ("AWS/AutoScaling", "GroupInServiceInstances", fleet, "Sum")


def _sums(account: Account, queries: Mapping[str, Query], start: datetime, end: datetime) -> dict[str, float]:
    asked: list[MetricDataQueryTypeDef] = [
        {
            "Id": name,
            "MetricStat": {
                "Metric": {
                    "Namespace": namespace,
                    "MetricName": metric,
                    "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
                },
                "Period": MACHINE_SAMPLE_S,
                "Stat": statistic,
            },
        }
        for name, (namespace, metric, dimensions, statistic) in queries.items()
    ]
    sums = dict.fromkeys(queries, 0.0)
    pages = account.cloudwatch.get_paginator("get_metric_data")
    with asking(WHAT):
        for page in pages.paginate(MetricDataQueries=asked, StartTime=start, EndTime=end):
            for result in page["MetricDataResults"]:
                sums[result.get("Id", "")] += sum(result.get("Values", ()))
    return sums
