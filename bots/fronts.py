"""The places where people meet Inkling, as far as the settings switch them on: started and ended together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from bots.core import Core
from bots.web.server import WebServer
from config.settings import Settings


class FrontServer(Protocol):
    """One front. Making it registers it with the core, so that its open requests can be taken up again."""

    async def start(self) -> str:
        """Begin to take requests; returns where people find it. Raises InvalidSettings when that is impossible."""
        ...

    async def aclose(self) -> None: ...


@dataclass(frozen=True, slots=True)
class StartedFront:
    name: str
    address: str


@asynccontextmanager
async def start_fronts(core: Core, settings: Settings) -> AsyncIterator[tuple[StartedFront, ...]]:
    """Start every configured front and then the core; at the end, the fronts stop before the core does."""
    servers = make_fronts(core, settings)
    async with AsyncExitStack() as closing:
        started = []
        for name, server in servers:
            started.append(StartedFront(name, await server.start()))
            closing.push_async_callback(server.aclose)
        await core.start()
        yield tuple(started)


def make_fronts(core: Core, settings: Settings) -> Sequence[tuple[str, FrontServer]]:
    """The fronts these settings ask for. Discord and Slack join here once they have tokens."""
    return (("page", WebServer(core, settings.web)),)
