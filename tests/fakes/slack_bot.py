"""The whole Slack front over the real client, against the fake."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import SecretStr

from backends.echo import EchoBackend
from backends.factory import Backends
from backends.protocol import Backend
from backends.store.protocol import Store
from backends.store.records import RequestRecord
from bots.callbacks import CallbackServer
from bots.core import Core
from bots.slack_bot.server import SlackServer
from config.settings import CallbackSettings, EchoBackendSettings, LimitSettings, Settings, SlackSettings
from config.workspace import WorkspaceRef
from tests.fakes.slack_world import Channel, FakeSlack, Workspace
from tests.fakes.worlds import open_store

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
Mode = Literal["socket", "http"]


@dataclass
class Bot:
    """One process's life of the front."""

    slack: FakeSlack
    core: Core
    server: SlackServer
    store: Store
    url: str
    """Where Slack and browsers call."""

    async def finished(self) -> None:
        """Until everything people did is answered, and every request shown to its end."""
        await self.slack.settle()
        await self.server.until_idle()
        for record in (*await self.store.open_requests(), *await self.store.undelivered(LONG_AGO)):
            await self.core.jobs.wait(record.id)
        await self.slack.settle()

    async def finished_with(self, team: Workspace) -> None:
        """Until everything of a workspace that took the bot out is answered and erased; others may go on."""
        await self.slack.settle()
        await self.server.until_idle()
        assert await self.store.installation(WorkspaceRef("slack", team.id)) is None

    async def requests(self, team: Workspace, channel: Channel) -> tuple[RequestRecord, ...]:
        return await self.store.recent(WorkspaceRef("slack", team.id), channel.id, 1000)


def slack_settings(slack: FakeSlack, mode: Mode, team: Workspace | None, **changes: Any) -> SlackSettings:
    """For one workspace, or for all that install it."""
    given: dict[str, Any] = {"api_url": slack.api_url}
    if team is not None:
        given["bot_token"] = SecretStr(team.bot_token)
    else:
        given |= {"client_id": slack.app.client_id, "client_secret": SecretStr(slack.app.client_secret)}
    if mode == "socket":
        given["app_token"] = SecretStr(slack.app_token)
    else:
        given["signing_secret"] = SecretStr(slack.signing_secret)
    return SlackSettings(**{**given, **changes})


@asynccontextmanager
async def running_bot(
    slack: FakeSlack,
    team: Workspace | None,
    backend: Backend | None = None,
    store: Store | None = None,
    *,
    mode: Mode = "socket",
    slack_changes: dict[str, Any] | None = None,
    **limits: Any,
) -> AsyncIterator[Bot]:
    async with AsyncExitStack() as stack:
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
            slack=slack_settings(slack, mode, team, **(slack_changes or {})),
        )
        core = Core(settings, store, Backends({backend.name: backend}, backend.name))
        stack.push_async_callback(core.aclose)
        callbacks = CallbackServer(CallbackSettings(port=0))
        server = SlackServer(core, settings.slack, callbacks, ping_every_s=0.2)
        stack.push_async_callback(callbacks.aclose)
        url = await callbacks.start()
        stack.push_async_callback(server.aclose)
        await server.start()
        stack.push_async_callback(core.aclose)
        await core.start()
        if mode == "http":
            await slack.deliver_to(f"{url}/slack/events")
        yield Bot(slack, core, server, store, url)
