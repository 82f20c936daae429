"""Slack on loopback: one server for the Web API, Socket Mode and files, and the means to act in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from aiohttp import web

from tests.fakes.slack_world import post
from tests.fakes.slack_world.application import Application
from tests.fakes.slack_world.changes import PATIENCE_S
from tests.fakes.slack_world.deliveries import Delivery
from tests.fakes.slack_world.doors import Doors
from tests.fakes.slack_world.endpoint import Endpoint
from tests.fakes.slack_world.mentions import Ping
from tests.fakes.slack_world.messages import Message
from tests.fakes.slack_world.reading import visible_text
from tests.fakes.slack_world.shown import Shown
from tests.fakes.slack_world.socket_mode import SocketMode
from tests.fakes.slack_world.views import View
from tests.fakes.slack_world.web_api.faults import Faults
from tests.fakes.slack_world.web_api.rate_limits import RateLimits
from tests.fakes.slack_world.web_api.server import Request, WebApi
from tests.fakes.slack_world.workspaces import Workspace
from tests.fakes.slack_world.world import Violation, World

T = TypeVar("T")

LARGEST_UPLOAD = 64 * 1024 * 1024


class FakeSlack:
    def __init__(self, manifest: Mapping[str, Any] | None = None, limits: RateLimits | None = None) -> None:
        self.world = World(Application.from_manifest(manifest))
        self.web = WebApi(self.world)
        self.web.limits = limits or self.web.limits
        self.socket = SocketMode(self.world)
        self.world.carrier = self.socket
        self.world.socket_url = self.socket.url
        self._endpoints: list[Endpoint] = []

    @classmethod
    @asynccontextmanager
    async def open(
        cls, manifest: Mapping[str, Any] | None = None, limits: RateLimits | None = None
    ) -> AsyncIterator[FakeSlack]:
        """`manifest` is the app's, as Slack would have it: then only its commands, scopes and events are there."""
        slack = cls(manifest, limits)
        runner = web.AppRunner(slack._application(), shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            host, port = runner.addresses[0][:2]
            slack.world.url = f"http://{host}:{port}"
            yield slack
        finally:
            slack.world.clock.stop()
            slack.faults.clear()
            slack.socket.drop()
            for endpoint in slack._endpoints:
                await endpoint.aclose()
            await runner.cleanup()

    def _application(self) -> web.Application:
        app = web.Application(client_max_size=LARGEST_UPLOAD)
        doors = Doors(self.world, self.web)
        app.router.add_route("*", "/api/{method}", self.web.serve)
        app.router.add_get("/link/", self.socket.serve)
        app.router.add_post("/upload/v1/{file}", doors.upload)
        app.router.add_get("/files-pri/{file}/{name}", doors.download)
        app.router.add_post("/{kind:commands|actions|app}/{team}/{number}/{secret}", doors.respond)
        return app

    # Where the bot finds it.

    @property
    def app(self) -> Application:
        return self.world.app

    @property
    def api_url(self) -> str:
        """With the slash at its end, as slack_sdk wants it."""
        return f"{self.world.url}/api/"

    @property
    def app_token(self) -> str:
        return self.app.app_token

    @property
    def signing_secret(self) -> str:
        return self.app.signing_secret

    async def deliver_to(self, url: str) -> Endpoint:
        """From now on by HTTP and no longer over sockets, once the URL has proved itself as Slack asks."""
        endpoint = Endpoint(self.world, url)
        self._endpoints.append(endpoint)
        await endpoint.verify()
        self.world.carrier = endpoint
        return endpoint

    def add_workspace(
        self, name: str = "Wonderland", *, installed: bool = True, scopes: tuple[str, ...] | None = None
    ) -> Workspace:
        workspace = Workspace(self.world, self.world.mint("T"), name)
        self.world.workspaces[workspace.id] = workspace
        if installed:
            workspace.install(scopes)
        return workspace

    # What happened.

    @property
    def violations(self) -> list[Violation]:
        """Everything the bot sent that it should not have."""
        return self.world.violations

    @property
    def pings(self) -> list[Ping]:
        """What the bot's messages notify of and link to."""
        return self.world.pings

    @property
    def ack_seconds(self) -> list[float]:
        """Of every delivery that was acknowledged, each time it was; late ones too."""
        return self.world.ack_seconds

    @property
    def deliveries(self) -> list[Delivery]:
        return self.world.deliveries

    @property
    def requests(self) -> list[Request]:
        return self.web.requests

    @property
    def faults(self) -> Faults:
        return self.web.faults

    def delivery(self, name: str) -> Delivery:
        """The last one of this event, command or kind of interaction."""
        return next(each for each in reversed(self.deliveries) if each.name == name)

    async def redeliver(self, what: Delivery | Shown, reason: str = "timeout") -> Delivery:
        """Once more, as when an acknowledgement was lost; returns when it is acknowledged again."""
        delivery = what.delivery if isinstance(what, Shown) else what
        acks, delivery.attempts, delivery.retry_reason = delivery.acks, delivery.attempts + 1, reason
        post.attempt(self.world, delivery)
        await self.until(lambda: delivery.acks > acks)
        return delivery

    def advance(self, seconds: float) -> None:
        """Moves the fake's time: triggers and response_urls run out, streams end, events are tried again."""
        self.world.clock.advance(seconds)
        self.world.changes.announce()

    async def until(self, condition: Callable[[], T | None], within_s: float = PATIENCE_S) -> T:
        """The condition's first true value; it is asked again whenever anything happened."""
        try:
            return await self.world.changes.until(condition, within_s)
        except TimeoutError:
            last = [f"{each.method} {each.error or 'ok'}" for each in self.requests[-5:]]
            told = [str(each) for each in self.violations[-3:]]
            raise AssertionError(
                f"not so after {within_s} s; last calls {last}; violations {told}; "
                f"{self.web.in_flight} calls under way, {len(self.socket.connections)} sockets"
            ) from None

    async def settle(self, quiet_s: float = 0.05) -> None:
        """Until no call is under way, no delivery open, no message streaming, and nothing happened for a while."""
        while True:
            await self.until(self._at_rest)
            try:
                await asyncio.wait_for(self.world.changes.next(), quiet_s)
            except TimeoutError:
                return

    def _at_rest(self) -> bool:
        open_ = any(not each.over for each in self.deliveries)
        teams = self.world.workspaces.values()
        streaming = any(
            each.streaming for team in teams for channel in team.channels.values() for each in channel.messages
        )
        return not self.web.in_flight and not open_ and not streaming

    @staticmethod
    def visible_text(message: Message | View) -> str:
        """What a person reads, without marks."""
        return visible_text(message)
