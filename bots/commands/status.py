"""/status: what answers here, how busy it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from backends.protocol import BackendHealth, BackendRegistry
from backends.store.protocol import Store
from backends.store.records import Usage
from bots.commands.invocation import Invocation
from bots.jobs import Jobs


@dataclass(frozen=True, slots=True)
class Status:
    backend: str
    health: BackendHealth
    running: int
    waiting: int
    today: Usage

    @property
    def lines(self) -> tuple[str, ...]:
        """As people read it."""
        speed = f", {self.today.completion_tokens / self.today.busy_s:.0f} tokens/s" if self.today.busy_s else ""
        return (
            f"{self.backend}: {self.health.state}. {self.health.detail}",
            f"Queue: {self.running} running, {self.waiting} waiting.",
            f"Last 24 hours: {_counted(self.today.requests, 'request')}, "
            f"{_counted(self.today.completion_tokens, 'token')}{speed}.",
        )


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


class StatusCommand:
    def __init__(self, store: Store, backends: BackendRegistry, jobs: Jobs, now: Callable[[], datetime]) -> None:
        self._store = store
        self._backends = backends
        self._jobs = jobs
        self._now = now

    async def status(self, invocation: Invocation) -> Status:
        rules = (await self._store.workspace(invocation.workspace)).settings
        backend = self._backends.get(rules.channel(invocation.channel).backend or rules.backend)
        usage = await self._store.usage(invocation.workspace, self._now() - timedelta(days=1))
        return Status(backend.name, await backend.health(), self._jobs.running, self._jobs.waiting, usage)
