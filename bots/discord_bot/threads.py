"""Threads from root messages: opened once, or the reason why not."""

from __future__ import annotations

from typing import Final

import discord

from bots.discord_bot.failures import MISSING_PERMISSIONS, THREAD_EXISTS, TOO_MANY_THREADS, code_of, is_gone
from bots.discord_bot.permissions import no_thread
from bots.discord_bot.retrying import persist
from bots.discord_bot.thread_name import thread_name
from config.errors import InklingError

AUTO_ARCHIVE_MINUTES: Final = 1440


class NoThread(InklingError):
    """There can be no thread; the sentence says why and where the answer is instead."""

    code = "no_thread"


async def open_thread(client: discord.Client, channel: int, root_id: int, prompt: str) -> int:
    """The thread's id, which is its root's; one that is there already is fine. Raises NoThread."""
    try:
        await persist(
            lambda: client.http.start_thread_with_message(
                channel, root_id, name=thread_name(prompt), auto_archive_duration=AUTO_ARCHIVE_MINUTES
            )
        )
    except discord.HTTPException as error:
        if code_of(error) == THREAD_EXISTS:
            return root_id
        if is_gone(error) or error.status >= 500 or error.status == 429:
            raise
        raise NoThread(_sentence(client, channel, error)) from error
    return root_id


def _sentence(client: discord.Client, channel: int, error: discord.HTTPException) -> str:
    where = client.get_channel(channel)
    name = f"#{where.name}" if isinstance(where, discord.abc.GuildChannel) else "this channel"
    if code_of(error) == MISSING_PERMISSIONS:
        return no_thread(name, ["Create Public Threads"])
    if code_of(error) == TOO_MANY_THREADS:
        return (
            f"I can't open a thread in {name}: the server has as many active ones as Discord allows. I answered here."
        )
    return f"I can't open a thread in {name}: Discord doesn't allow one there. I answered here instead."
