"""What AWS asks, as far as it is known here: list prices of us-east-1 in US dollars, without free tiers or taxes.

Other regions ask up to a third more. They are for estimates; the bill is AWS'.
"""

from __future__ import annotations

from dataclasses import dataclass

MACHINE_HOUR: dict[str, float] = {
    "c5.large": 0.085,
    "c5.xlarge": 0.17,
    "c5.2xlarge": 0.34,
    "c6a.xlarge": 0.153,
    "c6i.large": 0.085,
    "c6i.xlarge": 0.17,
    "c6i.2xlarge": 0.34,
    "c6g.xlarge": 0.136,
    "c7g.xlarge": 0.145,
    "c7g.2xlarge": 0.29,
    "c7i.large": 0.08925,
    "c7i.xlarge": 0.1785,
    "c7i.2xlarge": 0.357,
    "m6i.large": 0.096,
    "m6i.xlarge": 0.192,
    "t3.large": 0.0832,
    "t3.xlarge": 0.1664,
}
ADDRESS_HOUR = 0.005
"""A public IPv4 address, while the machine is on."""
DISK_GB_MONTH = 0.08
LAMBDA_GB_SECOND = {"x86_64": 0.0000166667, "arm64": 0.0000133334}
LAMBDA_CALL = 0.20 / 1e6
API_CALL = 1.00 / 1e6
QUEUE_CALL = 0.40 / 1e6
TABLE_WRITE = 0.625 / 1e6
TABLE_READ = 0.125 / 1e6
ALARM_MONTH = 0.10
HOURS_A_MONTH = 730.0


@dataclass(frozen=True, slots=True)
class Usage:
    """Of some hours. None of it negative."""

    hours: float
    machine_type: str | None = None
    machine_hours: float = 0.0
    disk_gb: float = 0.0
    """Kept all the time, machine on or off."""
    lambda_gb_seconds: float = 0.0
    lambda_calls: float = 0.0
    lambda_architecture: str = "x86_64"
    api_calls: float = 0.0
    queue_calls: float = 0.0
    table_writes: float = 0.0
    table_reads: float = 0.0
    alarms: int = 0


@dataclass(frozen=True, slots=True)
class Cost:
    """In US dollars. `unknown` names what has no price here, and so is not in it."""

    machine: float
    functions: float
    rest: float
    unknown: str | None = None

    @property
    def total(self) -> float:
        return self.machine + self.functions + self.rest


def cost_of(usage: Usage) -> Cost:
    rate = MACHINE_HOUR.get(usage.machine_type or "")
    months = usage.hours / HOURS_A_MONTH
    machine = usage.machine_hours * ((rate or 0.0) + ADDRESS_HOUR) + usage.disk_gb * DISK_GB_MONTH * months
    functions = usage.lambda_gb_seconds * LAMBDA_GB_SECOND[usage.lambda_architecture] + usage.lambda_calls * LAMBDA_CALL
    rest = (
        usage.api_calls * API_CALL
        + usage.queue_calls * QUEUE_CALL
        + usage.table_writes * TABLE_WRITE
        + usage.table_reads * TABLE_READ
        + usage.alarms * ALARM_MONTH * months
    )
    unknown = usage.machine_type if usage.machine_hours and rate is None else None
    return Cost(machine, functions, rest, unknown)
