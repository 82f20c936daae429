"""Takes a result's messages down."""

from __future__ import annotations

from collections.abc import Sequence

import discord
import structlog

from backends.store.records import PostRecord, RequestRecord
from bots.commands.invocation import Invocation
from bots.core import Core
from bots.discord_bot.failures import code_of
from bots.discord_bot.markup import small
from bots.discord_bot.outlets import NO_MENTIONS
from bots.discord_bot.place import read_address, read_place

log = structlog.get_logger(__name__)


class Takedown:
    def __init__(self, client: discord.Client, core: Core) -> None:
        self._client = client
        self._core = core

    async def delete(self, invocation: Invocation, request_id: str) -> None:
        """Erase a result, and then its messages."""
        record = await self._core.story.find(invocation, request_id)
        posts = await self._core.results.delete(invocation, request_id)
        await self.take_down(record, posts, f"deleted by @{invocation.requester.name}")

    async def take_down(self, record: RequestRecord, posts: Sequence[PostRecord], why: str) -> None:
        """A root with a thread stays, without its text: the thread may hold what others made of it."""
        place = read_place(record.reply_ref, record.channel, record.requester_id)
        for post in posts:
            channel, message_id = read_address(post.address)
            if channel is None:
                continue  # Discord lets nobody but its reader take down what only they see.
            message = self._client.get_partial_messageable(channel).get_partial_message(message_id)
            try:
                if post.sample is None and place.layout == "thread":
                    await message.edit(content=small(why), view=None, attachments=[], allowed_mentions=NO_MENTIONS)
                else:
                    await message.delete()
            except discord.HTTPException as error:
                log.info("discord.not_taken_down", code=code_of(error))
