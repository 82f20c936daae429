"""The link with which somebody adds the bot to their server."""

from __future__ import annotations

import discord

from bots.discord_bot.client import point_at
from bots.discord_bot.permissions import INVITE
from bots.discord_bot.trouble import as_sentence
from config.errors import InvalidSettings
from config.settings import DiscordSettings

SCOPES = ("bot", "applications.commands")


async def invite_link(settings: DiscordSettings) -> str:
    """Asks Discord whose token it is. Raises InvalidSettings and PlatformUnavailable."""
    if settings.token is None:
        raise InvalidSettings(
            "discord.token is needed to know which bot to invite; copy it from the developer portal, Bot, Token."
        )
    point_at(settings)
    async with discord.Client(intents=discord.Intents.none()) as client:
        try:
            await client.login(settings.token.get_secret_value())
        except Exception as error:
            raise as_sentence(error, settings) from error
        assert client.application_id is not None
        return discord.utils.oauth_url(client.application_id, permissions=INVITE, scopes=SCOPES)
