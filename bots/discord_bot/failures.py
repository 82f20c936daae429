"""What Discord's refusals mean."""

from __future__ import annotations

import discord

UNKNOWN_CHANNEL, UNKNOWN_MESSAGE, UNKNOWN_WEBHOOK, UNKNOWN_INTERACTION = 10003, 10008, 10015, 10062
OLD_MESSAGE, ALREADY_ANSWERED, MISSING_ACCESS, CLOSED_DMS = 30046, 40060, 50001, 50007
MISSING_PERMISSIONS, INVALID_TOKEN, ARCHIVED = 50013, 50027, 50083
THREAD_EXISTS, THREAD_LOCKED, TOO_MANY_THREADS = 160004, 160005, 160006
NO_HISTORY = 160002

_GONE = frozenset({UNKNOWN_CHANNEL, MISSING_ACCESS, THREAD_LOCKED})
_TOKEN_OVER = frozenset({UNKNOWN_WEBHOOK, INVALID_TOKEN, UNKNOWN_INTERACTION})
_NEEDS_NEW_MESSAGE = frozenset({OLD_MESSAGE, ARCHIVED})


def code_of(error: BaseException) -> int:
    """Discord's own number for it; 0 when there is none."""
    return error.code if isinstance(error, discord.HTTPException) else 0


def is_gone(error: BaseException) -> bool:
    """The channel or thread is no more, or no longer for us."""
    return code_of(error) in _GONE


def is_token_over(error: BaseException) -> bool:
    """The interaction's fifteen minutes are over."""
    return code_of(error) in _TOKEN_OVER


def needs_new_message(error: BaseException) -> bool:
    """The message is too old to be edited again, or in a thread that only a new message wakes."""
    return code_of(error) in _NEEDS_NEW_MESSAGE


def explain(error: discord.DiscordException) -> str:
    """One sentence for the person who asked."""
    if isinstance(error, discord.RateLimited):
        return f"Discord asks me to slow down; try again in about {max(1, round(error.retry_after))} s."
    if isinstance(error, discord.Forbidden):
        return "Discord doesn't let me do that here; an admin can look at my permissions in Channel settings."
    if isinstance(error, discord.DiscordServerError):
        return "Discord has trouble at the moment; try again in a minute."
    if isinstance(error, discord.HTTPException) and error.status == 429:
        return "Discord asks me to slow down; try again in a minute."
    return "Discord refused that; my log says more. Nothing you wrote is lost."
