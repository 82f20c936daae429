"""Takes a result's messages down."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

import aiohttp
import discord
import structlog

from backends.store.records import PostRecord, RequestRecord
from bots.commands.invocation import Invocation
from bots.core import Core
from bots.discord_bot.failures import ARCHIVED, code_of
from bots.discord_bot.markup import small
from bots.discord_bot.outlets import NO_MENTIONS, ChannelOutlet, TokenOutlet
from bots.discord_bot.place import read_address, read_place
from bots.discord_bot.retrying import persist
from bots.discord_bot.thread_name import NAMELESS

_TROUBLES = (discord.HTTPException, discord.RateLimited, aiohttp.ClientError, OSError)
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Posted:
    """A request and the messages that show it, to be known when the store has forgotten both."""

    record: RequestRecord
    posts: Sequence[PostRecord]

    @property
    def thread(self) -> int | None:
        """The one from its root, whose id it has."""
        place = read_place(self.record.reply_ref, self.record.channel, self.record.requester_id)
        roots = [post for post in self.posts if post.sample is None]
        return read_address(roots[-1].address)[1] if roots and place.layout == "thread" else None


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
        thread = Posted(record, posts).thread
        await self._remove(record, [post for post in posts if post.sample is not None or thread is None])
        for post in posts:
            if post.sample is None and thread is not None:
                await self._blank(post, why)
        await self._unname(thread)

    async def of_mine(self, invocation: Invocation) -> tuple[Posted, ...]:
        """Everything this person asked for here, none of it still growing."""
        await self._core.people.stop_mine(invocation)
        records = await self._core.people.my_data(invocation)
        return tuple([Posted(record, await self._core.posts.of(record.id)) for record in records])

    async def forget(self, posted: Sequence[Posted]) -> None:
        """Newest first."""
        for each in reversed(posted):
            await self._remove(each.record, each.posts)
            await self._unname(each.thread)

    async def _remove(self, record: RequestRecord, posts: Sequence[PostRecord]) -> None:
        """Newest first. Those that are gone already are left, and those that only their reader sees once the
        interaction is over that showed them."""
        for post in reversed(posts):
            channel, message_id = read_address(post.address)
            outlet = ChannelOutlet(self._client, channel) if channel is not None else self._private_outlet(record)
            await self._try(partial(outlet.remove, message_id))

    def _private_outlet(self, record: RequestRecord) -> TokenOutlet:
        place = read_place(record.reply_ref, record.channel, record.requester_id)
        return TokenOutlet(self._client, place.application, place.token or "", False)

    async def _unname(self, thread: int | None) -> None:
        """The thread stays, without the prompt as its name; a sleeping one must be woken for that."""
        if thread is None:
            return
        rename = self._client.http.edit_channel
        refused = await self._try(lambda: rename(thread, name=NAMELESS))
        if refused == ARCHIVED:
            await self._try(lambda: rename(thread, name=NAMELESS, archived=False))

    async def _blank(self, post: PostRecord, why: str) -> None:
        message = self._message(post)
        if message is not None:
            words = small(why)
            await self._try(
                lambda: message.edit(content=words, view=None, attachments=[], allowed_mentions=NO_MENTIONS)
            )

    def _message(self, post: PostRecord) -> discord.PartialMessage | None:
        channel, message_id = read_address(post.address)
        if channel is None:
            return None
        return self._client.get_partial_messageable(channel).get_partial_message(message_id)

    async def _try(self, call: Callable[[], Awaitable[object]]) -> int | None:
        """Whatever happens, the others are still to be taken down: nobody knows of them afterwards. Returns Discord's
        number for a refusal."""
        try:
            await persist(call)
        except _TROUBLES as error:
            log.info("discord.not_taken_down", code=code_of(error), problem=type(error).__name__)
            return code_of(error)
        return None
