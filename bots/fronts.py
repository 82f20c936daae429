"""The places where people meet Inkling, as far as the settings switch them on: started and ended together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from bots.callbacks import CallbackServer
from bots.core import Core
from bots.web.server import WebServer
from config.settings import DiscordSettings, Settings, SlackSettings


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
    """Start every configured front and then the core. At the end the core stops first, while its fronts can still
    tell people so and show what has just ended; stopping it again is harmless.
    """
    servers = make_fronts(core, settings)
    async with AsyncExitStack() as closing:
        started = []
        for name, server in servers:
            started.append(StartedFront(name, await server.start()))
            closing.push_async_callback(server.aclose)
        closing.push_async_callback(core.aclose)
        await core.start()
        yield tuple(started)


def make_fronts(core: Core, settings: Settings) -> Sequence[tuple[str, FrontServer]]:
    """The fronts these settings ask for, and last the address that platforms call, if one is to be called."""
    callbacks = CallbackServer(settings.callbacks)
    fronts: list[tuple[str, FrontServer]] = [("page", WebServer(core, settings.web))]
    if settings.discord.token is not None:
        fronts.append(("discord", _discord(core, settings.discord, callbacks)))
    if settings.slack.is_wanted:
        fronts.append(("slack", _slack(core, settings.slack, callbacks)))
    return (*fronts, ("callbacks", callbacks)) if callbacks.is_needed else tuple(fronts)


def _discord(core: Core, settings: DiscordSettings, callbacks: CallbackServer) -> FrontServer:
    # Imported only here: without a Discord token, nobody waits for its library.
    from bots.discord_bot.server import DiscordServer

    return DiscordServer(core, settings, callbacks)


def _slack(core: Core, settings: SlackSettings, callbacks: CallbackServer) -> FrontServer:
    from bots.slack_bot.server import SlackServer

    return SlackServer(core, settings, callbacks)
