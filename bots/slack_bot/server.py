"""Connects to Slack and stays connected, or is called by it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import structlog
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_sdk.errors import SlackApiError

from bots.busy import Busy
from bots.callbacks import CallbackServer
from bots.core import Core
from bots.slack_bot.api import SlackApi
from bots.slack_bot.app import make_app
from bots.slack_bot.credentials import check_credentials
from bots.slack_bot.endpoint import INSTALL, event_routes, install_routes
from bots.slack_bot.failures import UNREACHABLE, code_of, is_token_dead
from bots.slack_bot.front import SlackFront
from bots.slack_bot.oauth import make_flow
from bots.slack_bot.workspaces import Installed, Workspaces
from config.errors import InvalidSettings, PlatformUnavailable
from config.settings import SlackSettings

CONNECT_WITHIN_S = 60.0
CLOSE_WITHIN_S = 10.0
PING_EVERY_S = 5.0
"""How soon a silent connection is found dead: after four times as long."""

log = structlog.get_logger(__name__)


class SlackServer:
    """Make it before `core.start`, so that Slack's open requests are taken up again. InvalidSettings when something is
    missing.
    """

    def __init__(
        self, core: Core, settings: SlackSettings, callbacks: CallbackServer, ping_every_s: float = PING_EVERY_S
    ) -> None:
        check_credentials(settings)
        self._settings = settings
        self._ping_every_s = ping_every_s
        self._busy = Busy()
        self.workspaces = Workspaces(core.store, settings.api_url)
        front = SlackFront(self.workspaces, core.posts, settings.stream)
        self.app = make_app(core, settings, self.workspaces, front, self._busy)
        if settings.app_token is None and settings.signing_secret is not None:
            callbacks.add(event_routes(self.app, settings.signing_secret.get_secret_value()))
        if settings.client_id is not None:
            callbacks.add(install_routes(make_flow(settings, core.store, self.workspaces)))
        self._socket: Any = None
        """Socket Mode's client, which has no types of its own."""

    async def start(self) -> str:
        """Find out who we are and connect; returns where people find it.

        Raises InvalidSettings for what the operator must mend, PlatformUnavailable when Slack doesn't answer.
        """
        try:
            async with asyncio.timeout(CONNECT_WITHIN_S):
                address = await self._settle()
                await self._connect()
        except BaseException as error:
            await self.aclose()
            if isinstance(error, UNREACHABLE) and not code_of(error):
                raise PlatformUnavailable(_unreachable(self._settings, error)) from error
            raise
        return address

    async def _settle(self) -> str:
        token = self._settings.bot_token
        if token is None:
            return f"any workspace that installs it at {INSTALL}"
        api = SlackApi(token.get_secret_value(), self._settings.api_url, "")
        try:
            me = await api.who_am_i()
        except SlackApiError as error:
            raise InvalidSettings(_refusal("slack.bot_token", "OAuth & Permissions", error)) from None
        bot_user, team = str(me["user_id"]), str(me["team"])
        self.workspaces.settle(
            Installed(str(me["team_id"]), team, token.get_secret_value(), bot_user, str(me.get("bot_id") or ""))
        )
        return f"@{me['user']} in {team}"

    async def _connect(self) -> None:
        """The first address is asked for here: the client would ask for ever with a token that is no good."""
        token = self._settings.app_token
        if token is None:
            return
        secret = token.get_secret_value()
        try:
            url = (await self.app.client.apps_connections_open(app_token=secret))["url"]
        except SlackApiError as error:
            raise InvalidSettings(_refusal("slack.app_token", "Basic Information", error)) from None
        self._socket = AsyncSocketModeHandler(self.app, secret, ping_interval=self._ping_every_s).client
        self._socket.wss_uri = url
        await self._socket.connect()

    async def aclose(self) -> None:
        """Take nothing new, and finish the answers that are being given."""
        if self._socket is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_WITHIN_S):
                    await self._socket.close()
            self._socket = None
        await self.until_idle()

    async def until_idle(self) -> None:
        """Until nothing that came is being answered any more."""
        await self._busy.until_idle(CLOSE_WITHIN_S)


def _refusal(setting: str, where: str, error: SlackApiError) -> str:
    if is_token_dead(error):
        return f"{setting} is not one that Slack knows; copy it anew from the app's page, {where}."
    return f"Slack refuses {setting} ({code_of(error)}); look at the app's page, {where}."


def _unreachable(settings: SlackSettings, error: BaseException) -> str:
    host = urlsplit(settings.api_url).hostname
    return f"Slack can't be reached at {host} ({type(error).__name__}). Look at the network, then start me again."
