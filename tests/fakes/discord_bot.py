"""The whole Discord front over the real client, against the fake."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from pydantic import SecretStr

from backends.echo import EchoBackend
from backends.factory import Backends
from backends.protocol import Backend
from backends.store.protocol import Store
from backends.store.records import RequestRecord
from bots.callbacks import CallbackServer
from bots.core import Core
from bots.discord_bot.server import CONNECT_WITHIN_S, DiscordServer
from bots.reply import PATIENCE_S
from config.settings import (
    CallbackSettings,
    DiscordSettings,
    EchoBackendSettings,
    LimitSettings,
    Settings,
)
from config.workspace import WorkspaceRef
from tests.fakes.discord_world import FakeDiscord
from tests.fakes.discord_world.client import pointed_at
from tests.fakes.discord_world.places import Channel
from tests.fakes.worlds import open_store

SERVERS_QUIET_S = 0.1
"""The fake tells of all servers at once."""
QUIET_S = 0.2
"""So long nothing happens, and what people did has surely reached the bot, on a busy machine too."""
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class DiscordAddress(Protocol):
    """A fake Discord, here or in another process."""

    @property
    def api_url(self) -> str: ...

    @property
    def gateway_url(self) -> str: ...

    @property
    def token(self) -> str: ...

    @property
    def public_key(self) -> str: ...


@dataclass
class Bot:
    """One process's life of the front."""

    core: Core
    server: DiscordServer
    store: Store
    url: str
    """Where interactions can be sent by HTTP."""
    discord: FakeDiscord | None
    """None when it is in another process."""

    async def finished(self) -> None:
        """Until everything people did is answered, and every request shown to its end."""
        assert self.discord is not None
        await self.discord.settle(QUIET_S)
        await self.server.client.until_idle(PATIENCE_S)
        for record in await self.store.open_requests():
            await self.core.jobs.wait(record.id)
        for record in await self.store.undelivered(LONG_AGO):
            await self.core.jobs.wait(record.id)

    async def requests(self, guild_id: int, channel: Channel) -> tuple[RequestRecord, ...]:
        return await self.store.recent(WorkspaceRef("discord", str(guild_id)), str(channel.id), 1000)


def discord_settings(discord: DiscordAddress, **changes: Any) -> DiscordSettings:
    own: dict[str, Any] = {
        "token": SecretStr(discord.token),
        "api_url": discord.api_url,
        "public_key": discord.public_key,
        "gateway_url": discord.gateway_url,
    }
    return DiscordSettings(**{**own, **changes})


@asynccontextmanager
async def running_bot(
    discord: DiscordAddress,
    backend: Backend | None = None,
    store: Store | None = None,
    *,
    discord_changes: dict[str, Any] | None = None,
    patience_s: float = PATIENCE_S,
    connect_within_s: float = CONNECT_WITHIN_S,
    **limits: Any,
) -> AsyncIterator[Bot]:
    async with AsyncExitStack() as stack:
        stack.enter_context(pointed_at(discord))
        if store is None:
            store = await open_store()
            stack.push_async_callback(store.aclose)
        backend = backend or EchoBackend("echo")
        settings = Settings(
            data_dir=Path("unused"),
            cache_dir=Path("unused"),
            default_backend=backend.name,
            backends={backend.name: EchoBackendSettings(kind="echo")},
            limits=LimitSettings(**{"max_in_flight": 100, **limits}),
            discord=discord_settings(discord, **(discord_changes or {})),
        )
        core = Core(settings, store, Backends({backend.name: backend}, backend.name), patience_s=patience_s)
        stack.push_async_callback(core.aclose)
        callbacks = CallbackServer(CallbackSettings(port=0))
        server = DiscordServer(core, settings.discord, callbacks, connect_within_s, SERVERS_QUIET_S)
        stack.push_async_callback(callbacks.aclose)
        url = await callbacks.start()
        stack.push_async_callback(server.aclose)
        await server.start()
        stack.push_async_callback(core.aclose)
        await core.start()
        yield Bot(core, server, store, url, discord if isinstance(discord, FakeDiscord) else None)
