"""The messages of one result that are there, and how they become those there should be."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial

import discord

from backends.store.records import PostRecord
from bots.discord_bot.failures import UNKNOWN_MESSAGE, code_of, needs_new_message
from bots.discord_bot.outlets import Outlet, nonce_of
from bots.discord_bot.place import address_of, read_address
from bots.discord_bot.rendering import Message
from bots.discord_bot.retrying import persist
from bots.posts import Posts
from bots.turns import PartKey

OutletOf = Callable[[int | None], Outlet]
"""By channel; None is the interaction's token."""


@dataclass(slots=True)
class Shown:
    """A message that was posted. `says` is None when unknown, as after a restart."""

    channel: int | None
    message_id: int
    says: Message | None = None
    attempt: int = 0
    """How many messages for the same part came before it."""
    deleted: bool = False


class Board:
    def __init__(self, posts: Posts, request_id: str, outlet_of: OutletOf) -> None:
        self._posts = posts
        self._request_id = request_id
        self._outlet_of = outlet_of
        self._shown: dict[PartKey, Shown] = {}

    async def load(self) -> None:
        """What an earlier process has posted."""
        for post in await self._posts.of(self._request_id):
            key = (post.sample, post.part)
            attempt = self._shown[key].attempt + 1 if key in self._shown else 0
            self._shown[key] = Shown(*read_address(post.address), attempt=attempt)

    @property
    def is_empty(self) -> bool:
        return not self._shown

    def get(self, key: PartKey) -> Shown | None:
        return self._shown.get(key)

    def differs(self, key: PartKey, message: Message) -> bool:
        shown = self._shown.get(key)
        return shown is None or (not shown.deleted and shown.says != message)

    def is_deleted(self, key: PartKey) -> bool:
        shown = self._shown.get(key)
        return shown is not None and shown.deleted

    def forget_private(self) -> None:
        """The token is over: what was shown through it can't be changed any more."""
        self._shown = {key: shown for key, shown in self._shown.items() if shown.channel is not None}

    async def remove_others(self, wanted: Collection[PartKey]) -> None:
        """Take away messages of samples that have become shorter."""
        for key in [key for key in self._shown if key[0] is not None and key not in wanted]:
            shown = self._shown.pop(key)
            outlet = self._outlet_of(shown.channel)
            try:
                await persist(partial(outlet.remove, shown.message_id))
            except discord.NotFound:
                continue

    async def put(self, key: PartKey, message: Message, where: int | None, reply_to: int | None) -> None:
        """Make this part say that: post it, edit it, or post it anew where it can't be edited any more."""
        shown = self._shown.get(key)
        if shown is None:
            await self._post(key, message, where, reply_to, 0)
        elif not shown.deleted:
            await self._edit(key, message, shown)

    async def _edit(self, key: PartKey, message: Message, shown: Shown) -> None:
        new_files = shown.says is None or shown.says.documents != message.documents
        try:
            outlet = self._outlet_of(shown.channel)
            await persist(lambda: outlet.edit(shown.message_id, message, new_files))
            shown.says = message
        except discord.HTTPException as error:
            if code_of(error) == UNKNOWN_MESSAGE:
                shown.deleted = True
            elif needs_new_message(error):
                await self._post(key, message, shown.channel, None, shown.attempt + 1)
            else:
                raise

    async def _post(
        self, key: PartKey, message: Message, where: int | None, reply_to: int | None, attempt: int
    ) -> None:
        """The nonce covers a crash between Discord's taking the message and our remembering it."""
        nonce = nonce_of(self._request_id, key, attempt)
        outlet = self._outlet_of(where)
        message_id = await persist(lambda: outlet.send(message, nonce, reply_to))
        self._shown[key] = Shown(where, message_id, message, attempt)
        address = address_of(where, message_id, self._request_id)
        await self._posts.remember(PostRecord(self._request_id, address, *key))
