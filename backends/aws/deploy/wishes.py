"""What somebody asks of a deployment, and the stack's parameters that say it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from config.aws import AwsMode
from config.errors import InvalidOptions
from config.text import shorten

_STACK = re.compile(r"[a-z][a-z0-9-]{0,19}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_ARM = re.compile(r"(a1|[a-z]+\d+g[a-z]*)\.")


@dataclass(frozen=True, slots=True)
class Wishes:
    """None leaves a thing as it is in the stack, or as the template has it."""

    mode: AwsMode | None = None
    model: str | None = None
    remote_url: str | None = None
    instance_type: str | None = None
    other_instance_type: str | None = None
    instance_id: str | None = None
    image_id: str | None = None
    vpc_id: str | None = None
    subnet_ids: tuple[str, ...] = ()
    fleet_max: int | None = None
    spot: bool | None = None
    idle_minutes: float | None = None
    budget_usd: int | None = None
    email: str | None = None
    store: bool | None = None
    operations: bool | None = None
    worker_concurrency: int | None = None
    worker_memory_mb: int | None = None

    def check(self, value: Callable[[str], str]) -> None:
        """Raises InvalidOptions, where CloudFormation would be late or unclear. `value` gives a parameter as it will
        be."""
        if self.idle_minutes is not None and not 0.5 <= self.idle_minutes <= 1440:
            raise InvalidOptions("--idle-minutes must be between 0.5 and 1440.", "idle_minutes")
        if self.email is not None and not _EMAIL.fullmatch(self.email):
            raise InvalidOptions(f'"{shorten(self.email)}" is no e-mail address.', "email")
        if self.budget_usd and not value("AlarmEmail"):
            raise InvalidOptions("--budget needs --email, so that somebody is told.", "budget_usd")
        if self.spot and value("Mode") != "fleet":
            raise InvalidOptions(
                "--spot is for --mode fleet: a single Spot machine can't be stopped and started at will.", "spot"
            )

    def parameters(self) -> dict[str, str]:
        return dict(self._said())

    def _said(self) -> Iterator[tuple[str, str]]:
        given = {
            "Mode": self.mode,
            "Model": self.model,
            "RemoteUrl": self.remote_url,
            "InstanceType": self.instance_type,
            "OtherInstanceType": self.other_instance_type,
            "InstanceId": self.instance_id,
            "ImageId": self.image_id,
            "VpcId": self.vpc_id,
            "SubnetIds": ",".join(self.subnet_ids) or None,
            "FleetMax": self.fleet_max,
            "Spot": self.spot,
            "IdleSeconds": None if self.idle_minutes is None else round(self.idle_minutes * 60),
            "BudgetUsd": self.budget_usd,
            "AlarmEmail": self.email,
            "BotStore": self.store,
            "Operations": self.operations,
            "WorkerConcurrency": self.worker_concurrency,
            "WorkerMemoryMb": self.worker_memory_mb,
        }
        for name, value in given.items():
            if value is not None:
                yield name, _word(value)
        if self.instance_type is not None:
            yield "Architecture", "arm64" if _ARM.match(self.instance_type) else "x86_64"


def check_stack_name(name: str) -> str:
    """It becomes part of a bucket's name, so only some will do. Raises InvalidOptions."""
    if not _STACK.fullmatch(name):
        raise InvalidOptions(
            f'"{shorten(name)}" can\'t name a stack: up to 20 of a–z, 0–9 and -, the first a letter.', "stack"
        )
    return name


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
