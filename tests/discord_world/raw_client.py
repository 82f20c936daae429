"""REST calls without a library, so that they can be wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import aiohttp

from tests.fakes.discord_world import FakeDiscord
from tests.fakes.discord_world.asking import begin
from tests.fakes.discord_world.interactions import Asked, Interaction
from tests.fakes.discord_world.messages import Message
from tests.fakes.discord_world.people import User
from tests.fakes.discord_world.places import Channel

QUIET: dict[str, Any] = {"allowed_mentions": {"parse": []}}


class Reply(NamedTuple):
    status: int
    body: Any
    headers: Any

    @property
    def code(self) -> int:
        return int(self.body["code"]) if isinstance(self.body, dict) and "code" in self.body else 0


class RawClient:
    def __init__(self, discord: FakeDiscord, session: aiohttp.ClientSession) -> None:
        self.discord = discord
        self._session = session

    async def __call__(self, method: str, path: str, body: Any = None, **query: str) -> Reply:
        url = self.discord.api_url + path
        async with self._session.request(method, url, json=body, params=query) as response:
            text = await response.text()
            read = await response.json() if text and response.content_type == "application/json" else None
            return Reply(response.status, read, response.headers)

    async def form(self, method: str, path: str, form: aiohttp.FormData) -> Reply:
        async with self._session.request(method, self.discord.api_url + path, data=form) as response:
            return Reply(response.status, await response.json(), response.headers)

    async def send(self, channel: Channel, content: str = "hello", **body: Any) -> Reply:
        return await self("POST", f"/channels/{channel.id}/messages", {"content": content, **QUIET, **body})

    async def sent(self, channel: Channel, content: str = "hello", **body: Any) -> Message:
        reply = await self.send(channel, content, **body)
        assert reply.status == 200, reply.body
        return channel.held[int(reply.body["id"])]

    async def answer(self, interaction: Interaction, kind: int, data: Any = None, **query: str) -> Reply:
        body = {"type": kind} if data is None else {"type": kind, "data": data}
        return await self("POST", f"/interactions/{interaction.id}/{interaction.token}/callback", body, **query)

    def hook(self, interaction: Interaction) -> str:
        return f"/webhooks/{self.discord.bot.id}/{interaction.token}"


@asynccontextmanager
async def raw_client(discord: FakeDiscord, token: str | None = None) -> AsyncIterator[RawClient]:
    headers = {"Authorization": f"Bot {token or discord.token}", "User-Agent": "DiscordBot (https://example.org, 1)"}
    async with aiohttp.ClientSession(headers=headers) as session:
        yield RawClient(discord, session)


def invoked(user: User, channel: Channel, source: Message | None = None) -> Interaction:
    """An interaction that nobody answers but the test."""
    if source is not None:
        return begin(Asked.COMPONENT, user, channel, {"custom_id": "x", "component_type": 2, "id": 2}, source)
    return begin(Asked.COMMAND, user, channel, {"id": "1", "name": "complete", "type": 1})


def reasons(discord: FakeDiscord) -> str:
    """Every violation, and none is left: the next assertion starts anew."""
    told = "\n".join(each.reason for each in discord.violations)
    discord.violations.clear()
    return told
