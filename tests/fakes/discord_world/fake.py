"""Discord on loopback: one server for REST, gateway and files, and the means to act in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar
from urllib.parse import unquote

from aiohttp import web
from nacl.signing import SigningKey

from tests.fakes.discord_world import guilds
from tests.fakes.discord_world.changes import PATIENCE_S
from tests.fakes.discord_world.command_registry import CommandRegistry
from tests.fakes.discord_world.endpoint import Endpoint
from tests.fakes.discord_world.gateway.gateway import Gateway
from tests.fakes.discord_world.guilds import Guild
from tests.fakes.discord_world.messages import Message
from tests.fakes.discord_world.people import User
from tests.fakes.discord_world.permissions import EVERYONE
from tests.fakes.discord_world.places import Channel
from tests.fakes.discord_world.reading import visible_text
from tests.fakes.discord_world.rest.faults import Faults
from tests.fakes.discord_world.rest.rate_limits import RateLimits
from tests.fakes.discord_world.rest.server import BASE, LARGEST_REQUEST, RestServer
from tests.fakes.discord_world.world import Violation, World

T = TypeVar("T")


class FakeDiscord:
    def __init__(self, limits: RateLimits | None = None) -> None:
        self.commands = CommandRegistry()
        self.world = World(self.commands)
        self.gateway = Gateway(self.world)
        self.rest = RestServer(self.world)
        self.rest.limits = limits or self.rest.limits
        self.world.listeners.append(self.gateway)
        self.world.carrier = self.gateway
        self._key = SigningKey.generate()
        self.world.public_key = self._key.verify_key.encode().hex()
        self._endpoints: list[Endpoint] = []

    @classmethod
    @asynccontextmanager
    async def open(cls, limits: RateLimits | None = None) -> AsyncIterator[FakeDiscord]:
        discord = cls(limits)
        runner = web.AppRunner(discord._application(), shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            host, port = runner.addresses[0][:2]
            discord.world.url = f"http://{host}:{port}"
            yield discord
        finally:
            discord.faults.clear()
            discord.gateway.drop()
            for endpoint in discord._endpoints:
                await endpoint.aclose()
            await runner.cleanup()

    def _application(self) -> web.Application:
        app = web.Application(client_max_size=2 * LARGEST_REQUEST)
        app.router.add_get("/gateway", self.gateway.serve)
        app.router.add_get("/gateway/", self.gateway.serve)
        app.router.add_get("/attachments/{number}/{filename}", self._file)
        app.router.add_route("*", BASE + "/{path:.*}", self.rest.serve)
        return app

    async def _file(self, request: web.Request) -> web.Response:
        fault = self.faults.next_for("GET /attachments")
        if fault is not None and fault.status:
            return web.Response(status=fault.status)
        kept = self.world.files.get(f"{request.match_info['number']}/{unquote(request.match_info['filename'])}")
        if kept is None:
            raise web.HTTPNotFound
        return web.Response(body=kept.content, headers={"Content-Type": kept.content_type})

    # Where the bot finds it.

    @property
    def api_url(self) -> str:
        return self.world.url + BASE

    @property
    def gateway_url(self) -> str:
        return self.world.gateway_url

    @property
    def token(self) -> str:
        return self.world.token

    @property
    def public_key(self) -> str:
        return self.world.public_key

    async def deliver_interactions_to(self, url: str) -> Endpoint:
        """From now on they go there and no longer over the gateway, once the URL has proved itself as Discord asks."""
        endpoint = Endpoint(self.world, url, self._key, self.rest)
        self._endpoints.append(endpoint)
        await endpoint.verify()
        self.world.carrier, self.world.interactions_endpoint = endpoint, url
        return endpoint

    @property
    def bot(self) -> User:
        return self.world.bot

    # Who and what there is.

    def add_guild(
        self, name: str = "Wonderland", *, has_bot: bool = True, bot_permissions: int = 0, everyone: int = EVERYONE
    ) -> Guild:
        """`bot_permissions` are what the invite link asked for, `everyone` what all may do without a role."""
        guild = guilds.found(self.world, name, has_bot=has_bot, bot_permissions=bot_permissions, everyone=everyone)
        self.world.guilds[guild.id] = guild
        if has_bot:
            self.world.emit("GUILD_CREATE", guild.payload(), guild)
        return guild

    def add_user(self, name: str) -> User:
        return self.world.add_user(name)

    def direct_channel(self, user: User) -> Channel:
        return self.world.direct_channel(user)

    # What happened.

    @property
    def violations(self) -> list[Violation]:
        """Everything the bot sent that it should not have."""
        self.rest.check_documented()
        return self.world.violations

    @property
    def ack_seconds(self) -> list[float]:
        return [each.ack_seconds for each in self.world.interactions.values() if each.ack_seconds is not None]

    @property
    def pings(self) -> list[tuple[Message, str]]:
        """Who was notified by the bot's messages."""
        return self.world.pings

    @property
    def faults(self) -> Faults:
        return self.rest.faults

    def advance(self, seconds: float) -> None:
        """Moves the fake's time: tokens run out, messages grow old, idle threads are archived."""
        self.world.clock.advance(seconds)
        self.world.archive_idle_threads()
        self.world.changes.announce()

    async def until(self, condition: Callable[[], T | None], within_s: float = PATIENCE_S) -> T:
        """The condition's first true value. It is asked again whenever anything happens in Discord, so it can be
        about all that Discord knows, but not about what goes on inside a bot.
        """
        try:
            return await self.world.changes.until(condition, within_s)
        except TimeoutError:
            last = [f"{each.status} {each.route}" for each in self.rest.requests[-5:]]
            told = [str(each) for each in self.violations[-3:]]
            raise AssertionError(
                f"not so after {within_s} s; last requests {last}; violations {told}; "
                f"{self.rest.in_flight} requests under way, {len(self.gateway.connections)} gateway connections"
            ) from None

    async def settle(self, quiet_s: float = 0.05) -> None:
        """Until no request is under way, no deferred answer is left open, and nothing has happened for a while."""
        while True:
            await self.until(self._at_rest)
            try:
                await asyncio.wait_for(self.world.changes.next(), quiet_s)
            except TimeoutError:
                return

    def _at_rest(self) -> bool:
        open_ = [each for each in self.world.interactions.values() if not each.over]
        loading = [
            each
            for each in self.world.interactions.values()
            if each.original and each.original.loading and not each.original.deleted
        ]
        return not self.rest.in_flight and not open_ and not loading

    @staticmethod
    def visible_text(message: Message) -> str:
        """What a person reads, without the marks of Markdown."""
        return visible_text(message)
