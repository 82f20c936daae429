"""The table of costs in docs/aws.md is what the prices say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from backends.aws.deploy.prices import HOURS_A_MONTH, Usage, cost_of

DOCS = Path(__file__).parents[4] / "docs" / "aws.md"
LEVELS = {3_000: 10, 10_000: 33, 300_000: None}
"""Requests a month, and bursts of ten a day; None: they never end."""
MACHINE = "c5.xlarge"
GLUE = 0.00002
"""Of a job: calls of API, table and queue."""
IDLE = 1.0
"""Alarms, looks and waiting, in a month without a request."""
LAMBDA_GB, LAMBDA_S = 3456 / 1024, 10.0
BURST_MINUTES, ORIGINAL_BURST_MINUTES = 7.8, 35.4
"""A burst with its start and what comes after it until the machine is off: 5 minutes, and 30."""


def machine(hours: float) -> float:
    usage = Usage(HOURS_A_MONTH, machine_type=MACHINE, machine_hours=min(hours, HOURS_A_MONTH), disk_gb=30)
    return cost_of(usage).total


def hours(bursts: int | None, minutes: float) -> float:
    return HOURS_A_MONTH if bursts is None else bursts * 30 * minutes / 60


def serverless(requests: int, bursts: int | None) -> float:
    runs = requests + (bursts or 0) * 30  # each burst's first start takes as long again
    usage = Usage(HOURS_A_MONTH, lambda_gb_seconds=runs * LAMBDA_S * LAMBDA_GB, lambda_calls=requests)
    return cost_of(usage).total + requests * GLUE + IDLE


@pytest.mark.parametrize("column", range(3))
def test_each_figure_is_what_the_prices_say(column: int) -> None:
    requests, bursts = list(LEVELS.items())[column]
    expected = {
        "`serverless`": serverless(requests, bursts),
        "`ec2`, stops": machine(hours(bursts, BURST_MINUTES)) + requests * GLUE + IDLE,
        "the original": machine(hours(bursts, ORIGINAL_BURST_MINUTES)),
        "a machine that is always on": machine(HOURS_A_MONTH),
    }
    text = DOCS.read_text(encoding="utf-8")
    for row, cost in expected.items():
        (line,) = re.findall(rf"^\| {re.escape(row)}.*\$.*$", text, re.MULTILINE)
        figures = [float(figure) for figure in re.findall(r"\$([\d.]+)", line)]
        assert figures[column] == pytest.approx(cost, abs=0.011), row
