"""The messages of one result that are there, and how they become those there should be."""

from __future__ import annotations

from dataclasses import dataclass

from slack_sdk.errors import SlackApiError

from backends.store.records import PostRecord
from bots.documents import Document
from bots.posts import Posts
from bots.slack_bot.api import SlackApi
from bots.slack_bot.failures import is_deleted, is_still_streaming, is_stream_over, needs_new_message
from bots.slack_bot.place import address_of, read_address
from bots.slack_bot.rendering import Message
from bots.turns import PartKey


@dataclass(slots=True)
class Shown:
    """A message or file that was posted. `says` is None when unknown, as after a restart."""

    channel: str
    ts: str
    says: Message | None = None
    deleted: bool = False


class Board:
    """Slack takes no key that would make posting harmless to repeat: what is posted is remembered at once. A process
    that dies in between leaves a message behind that nobody knows; whoever presses its button has it taken down.
    """

    def __init__(self, posts: Posts, request_id: str, api: SlackApi) -> None:
        self._posts = posts
        self._request_id = request_id
        self._api = api
        self._shown: dict[PartKey, Shown] = {}

    async def load(self) -> None:
        """What an earlier process has posted."""
        for post in await self._posts.of(self._request_id):
            self._shown[post.sample, post.part] = Shown(*read_address(post.address))

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

    async def put(self, key: PartKey, message: Message, channel: str, thread: str | None) -> None:
        """Make this part say that: post it, edit it, or post it anew where it can't be edited any more."""
        shown = self._shown.get(key)
        if message.document is not None:
            await self._upload(key, message.document, channel, thread)
        elif shown is None:
            await self._post(key, message, channel, thread)
        elif not shown.deleted:
            await self._edit(key, message, shown, thread)

    async def adopt(self, key: PartKey, channel: str, ts: str, says: Message | None = None) -> None:
        """This message shows that part from now on."""
        self._shown[key] = Shown(channel, ts, says)
        await self._posts.remember(PostRecord(self._request_id, address_of(channel, ts), *key))

    async def _upload(self, key: PartKey, document: Document, channel: str, thread: str | None) -> None:
        if key not in self._shown:
            async with self._api.turn(channel):
                await self.adopt(key, channel, await self._api.upload(channel, thread, document))

    async def _post(self, key: PartKey, message: Message, channel: str, thread: str | None) -> None:
        async with self._api.turn(channel):
            ts = await self._api.post(channel, message.text, message.blocks, thread)
            await self.adopt(key, channel, ts, message)

    async def _edit(self, key: PartKey, message: Message, shown: Shown, thread: str | None) -> None:
        try:
            await self._edit_or_stop_stream(shown, message)
            shown.says = message
        except SlackApiError as error:
            if is_deleted(error):
                shown.deleted = True
            elif needs_new_message(error):
                await self._post(key, message, shown.channel, thread)
            else:
                raise

    async def _edit_or_stop_stream(self, shown: Shown, message: Message) -> None:
        """A stream that an earlier process began holds its message until it is stopped."""
        try:
            await self._api.edit(shown.channel, shown.ts, message.text, message.blocks)
        except SlackApiError as error:
            if not is_still_streaming(error):
                raise
            await stop_stream(self._api, shown)
            await self._api.edit(shown.channel, shown.ts, message.text, message.blocks)


async def stop_stream(api: SlackApi, shown: Shown) -> None:
    """Harmless when Slack has ended it before."""
    try:
        await api.stop_stream(shown.channel, shown.ts)
    except SlackApiError as error:
        if not is_stream_over(error):
            raise
