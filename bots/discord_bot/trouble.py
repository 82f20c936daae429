"""Why the bot can't start, in one sentence: what the operator must mend, or that Discord doesn't answer."""

from __future__ import annotations

import aiohttp
import discord
import yarl

from config.errors import InklingError, InvalidSettings, PlatformUnavailable
from config.settings import DiscordSettings

_UNREACHABLE = (aiohttp.ClientError, OSError, TimeoutError, discord.HTTPException, discord.GatewayNotFound)
_MISSING_SCOPE = "Discord doesn't let this bot have commands; use the link of `inkling discord invite`."


def as_sentence(error: Exception, settings: DiscordSettings) -> Exception:
    """InvalidSettings, PlatformUnavailable, or the error itself when nobody expected it."""
    if isinstance(error, InklingError):
        return error
    if isinstance(error, discord.LoginFailure):
        return InvalidSettings(
            "discord.token is not one that Discord knows; copy it anew from the developer portal, Bot, Token."
        )
    if isinstance(error, discord.PrivilegedIntentsRequired):
        return InvalidSettings(
            "Discord wants a privileged intent switched on for this bot in the developer portal, Bot."
        )
    if isinstance(error, discord.ConnectionClosed):
        return InvalidSettings(f"Discord refuses the connection (code {error.code}); look at the bot in its portal.")
    if isinstance(error, discord.Forbidden):
        return InvalidSettings(_MISSING_SCOPE)
    if isinstance(error, _UNREACHABLE):
        return PlatformUnavailable(_unreachable(error, settings))
    return error


def _unreachable(error: BaseException, settings: DiscordSettings) -> str:
    host = yarl.URL(settings.api_url).host
    why = f"it answers {error.status}" if isinstance(error, discord.HTTPException) else "no connection"
    return f"Discord can't be reached at {host} ({why}). Look at the network and discord.api_url, then start me again."
