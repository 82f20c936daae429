"""The machines that work: one EC2 instance, a fleet of them, or none (Lambda works)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

PowerState = Literal["off", "starting", "on", "stopping", "unknown"]


@dataclass(frozen=True, slots=True)
class Power:
    """`detail` is one sentence for people, such as why it could not be started."""

    state: PowerState
    detail: str
    no_capacity: bool = False
    """AWS had no machine of that kind just now."""
    since: float | None = None
    """When it was last started, in seconds since 1970, where that is known."""


class Machine(Protocol):
    """Calls return at once; nobody waits for a machine in a Lambda function. Raises BackendUnavailable when AWS can't
    be asked or forbids it."""

    def wake(self) -> Power:
        """Make sure one is coming: harmless when it is on or starting; when it is stopping, `state` says so and
        whoever asks calls again later."""
        ...

    def power(self) -> Power: ...

    def stop(self) -> None:
        """Switch it off, for a machine that has died without noticing; workers stop themselves."""
        ...


class TickQueue(Protocol):
    def soon(self, delay_s: int) -> None:
        """Have the reconciler look after so many seconds (0–900), beside its every minute. Raises
        BackendUnavailable."""
        ...
