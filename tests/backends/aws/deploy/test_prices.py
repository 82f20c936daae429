"""Estimates: their arithmetic, and what CloudWatch's counts become."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from botocore.stub import Stubber

from backends.aws.deploy.account import Account
from backends.aws.deploy.prices import Usage, cost_of
from backends.aws.deploy.stack import StackState
from backends.aws.deploy.usage import usage_today


def test_a_machine_costs_while_it_is_on_and_its_disk_always() -> None:
    on = cost_of(Usage(24, machine_type="c5.xlarge", machine_hours=2))
    assert on.total == pytest.approx(2 * (0.17 + 0.005))
    asleep = cost_of(Usage(730, machine_type="c5.xlarge", disk_gb=30))
    assert asleep.total == pytest.approx(2.40)


def test_lambda_costs_by_memory_and_time() -> None:
    """Ten seconds of 3,008 MB, three thousand times."""
    cost = cost_of(Usage(730, lambda_gb_seconds=3000 * 10 * 3008 / 1024, lambda_calls=3000))
    assert cost.total == pytest.approx(1.4693, rel=1e-3)


def test_a_machine_without_a_known_price_is_named() -> None:
    cost = cost_of(Usage(24, machine_type="p5.48xlarge", machine_hours=1))
    assert cost.unknown == "p5.48xlarge"
    assert cost_of(Usage(24, machine_type="p5.48xlarge")).unknown is None


def test_today_is_what_cloudwatch_counted_since_midnight(account: Account) -> None:
    outputs = {"Machine": "i-1", "JobTable": "jobs", "WorkQueue": "https://sqs/1/work", "ApiUrl": "https://abc.x"}
    state = StackState("CREATE_COMPLETE", {"Mode": "ec2", "InstanceType": "c5.xlarge", "DiskGb": "30"}, outputs)
    counted = [
        {"Id": "machine", "Values": [1.0] * 12},
        {"Id": "api_ms", "Values": [1000.0, 3000.0]},
        {"Id": "api_calls", "Values": [4.0]},
        {"Id": "api_requests", "Values": [4.0]},
        {"Id": "messages", "Values": [2.0]},
    ]
    with Stubber(account.cloudwatch) as stub:
        stub.add_response("get_metric_data", {"MetricDataResults": counted})
        usage = usage_today(account, "inkling", state, datetime(2026, 1, 1, 2, tzinfo=UTC))
    assert (usage.hours, usage.machine_hours) == (2.0, 1.0)
    assert usage.lambda_gb_seconds == pytest.approx(2.0)
    assert (usage.lambda_calls, usage.api_calls) == (4, 4)
    assert usage.queue_calls == 2 * 3 + 2 * 15 * 60 * 2
