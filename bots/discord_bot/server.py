"""Connects to Discord and stays connected."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog

from bots.callbacks import CallbackServer
from bots.core import Core
from bots.discord_bot.client import SERVERS_QUIET_S, InklingClient
from bots.discord_bot.endpoint import InteractionsEndpoint
from bots.discord_bot.sync import sync_commands
from bots.discord_bot.trouble import as_sentence
from config.errors import InvalidSettings, PlatformUnavailable
from config.settings import DiscordSettings

CONNECT_WITHIN_S = 60.0
"""For logging in and the first shard, and then for each further one: Discord lets in one every five seconds."""
CLOSE_WITHIN_S = 10.0

log = structlog.get_logger(__name__)


class DiscordServer:
    """Make it before `core.start`, so that Discord's open requests are taken up again."""

    def __init__(
        self,
        core: Core,
        settings: DiscordSettings,
        callbacks: CallbackServer,
        connect_within_s: float = CONNECT_WITHIN_S,
        servers_quiet_s: float = SERVERS_QUIET_S,
    ) -> None:
        assert settings.token is not None, "without a token there is no Discord front"
        if not settings.gateway and settings.public_key is None:
            raise InvalidSettings(
                "discord.gateway is off and discord.public_key is not set: nothing could reach the bot; change one."
            )
        self._settings = settings
        self._connect_within_s = connect_within_s
        self._token = settings.token.get_secret_value()
        self.client = InklingClient(core, settings, servers_quiet_s)
        if settings.public_key is not None:
            callbacks.add(InteractionsEndpoint(settings.public_key, self.client.take).routes())
        self._connection: asyncio.Task[None] | None = None

    async def start(self) -> str:
        """Log in, tell Discord the commands, connect; returns the bot's name there.

        Raises InvalidSettings for what the operator must mend, PlatformUnavailable when Discord doesn't answer.
        """
        try:
            async with asyncio.timeout(self._connect_within_s) as limit:
                self.client.on_shard = lambda: limit.reschedule(self.client.loop.time() + self._connect_within_s)
                await self._start()
        except Exception as error:
            await self.aclose()
            raise as_sentence(error, self._settings) from error
        except asyncio.CancelledError:
            await self.aclose()
            raise
        finally:
            self.client.on_shard = None
        return str(self.client.user)

    async def _start(self) -> None:
        await self.client.login(self._token)
        if self._settings.sync_commands:
            await sync_commands(self.client.tree)
        if self._settings.gateway:
            self._connection = asyncio.create_task(self.client.connect(), name="discord gateway")
            await self._until_ready(self._connection)

    async def _until_ready(self, connection: asyncio.Task[None]) -> None:
        ready = asyncio.create_task(self.client.wait_until_ready())
        await asyncio.wait({ready, connection}, return_when=asyncio.FIRST_COMPLETED)
        if connection.done():
            ready.cancel()
            await connection
            raise PlatformUnavailable("Discord closed the connection while the bot was starting; try again.")
        connection.add_done_callback(_tell_end)

    async def aclose(self) -> None:
        """Finish the answers that are being given, and disconnect."""
        await self.client.until_idle(CLOSE_WITHIN_S)
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_WITHIN_S):
                await self.client.close()
        if self._connection is not None:
            self._connection.cancel()
            await asyncio.gather(self._connection, return_exceptions=True)


def _tell_end(connection: asyncio.Task[None]) -> None:
    if not connection.cancelled() and (error := connection.exception()) is not None:
        log.error("discord.disconnected_for_good", problem=type(error).__name__, detail=str(error))
