"""Takes a result's messages down."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence

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
        keeps_root = place.layout == "thread"
        await self.remove([post for post in posts if post.sample is not None or not keeps_root])
        for post in posts:
            if post.sample is None and keeps_root:
                await self._blank(post, why)

    async def posts_of_mine(self, invocation: Invocation) -> tuple[PostRecord, ...]:
        """Every message that shows something this person asked for here."""
        records = await self._core.people.my_data(invocation)
        return tuple([post for record in records for post in await self._core.posts.of(record.id)])

    async def remove(self, posts: Sequence[PostRecord]) -> None:
        """Newest first. Those that are gone already, or that only their reader sees, are left."""
        for post in reversed(posts):
            message = self._message(post)
            if message is not None:
                await self._try(message.delete())

    async def _blank(self, post: PostRecord, why: str) -> None:
        message = self._message(post)
        if message is not None:
            words = small(why)
            await self._try(message.edit(content=words, view=None, attachments=[], allowed_mentions=NO_MENTIONS))

    def _message(self, post: PostRecord) -> discord.PartialMessage | None:
        channel, message_id = read_address(post.address)
        if channel is None:
            return None
        return self._client.get_partial_messageable(channel).get_partial_message(message_id)

    async def _try(self, call: Awaitable[object]) -> None:
        try:
            await call
        except discord.HTTPException as error:
            log.info("discord.not_taken_down", code=code_of(error))
