"""How a deployment is, as of a moment ago: asked every second, as pages do, the API would cost what sleep saves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from backends.aws.client.jobs import HealthView

STARTING_S = 3.0
SETTLED_S = 60.0
"""Nothing happens by itself then; what we ask for ourselves is looked at anew."""


class HealthSource(Protocol):
    async def health(self) -> HealthView: ...


class RecentHealth:
    def __init__(self, source: HealthSource, clock: Callable[[], float]) -> None:
        self._source = source
        self._clock = clock
        self._known: tuple[float, HealthView] | None = None
        self._asking: asyncio.Task[HealthView] | None = None
        self._changes = 0

    async def get(self) -> HealthView:
        """Raises what the source raises. Who stops waiting leaves the answer to the next."""
        if self._known is not None and self._clock() < self._known[0]:
            return self._known[1]
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
        return await asyncio.shield(self._asking)

    async def _ask(self) -> HealthView:
        changes = self._changes
        try:
            health = await self._source.health()
        finally:
            self._asking = None
        if changes == self._changes:
            self._known = self._clock() + (STARTING_S if health.state == "starting" else SETTLED_S), health
        return health

    def forget(self) -> None:
        """Something has changed, such as by a job: an answer that is on its way is not kept either."""
        self._known = None
        self._changes += 1

    def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
