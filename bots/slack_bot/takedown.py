"""Takes a result's messages down."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from slack_sdk.errors import SlackApiError

from backends.store.records import PostRecord, RequestRecord
from bots.commands.invocation import Invocation
from bots.core import Core
from bots.slack_bot.api import SlackApi
from bots.slack_bot.failures import code_of
from bots.slack_bot.place import is_file, read_address, read_place
from bots.slack_bot.rendering import Message
from bots.slack_bot.workspaces import Workspaces

log = structlog.get_logger(__name__)


class Takedown:
    def __init__(self, workspaces: Workspaces, core: Core) -> None:
        self._workspaces = workspaces
        self._core = core

    async def delete(self, invocation: Invocation, request_id: str) -> None:
        """Erase a result, and then its messages."""
        record = await self._core.story.find(invocation, request_id)
        posts = await self._core.results.delete(invocation, request_id)
        await self.take_down(record, posts, f"deleted by @{invocation.requester.name}")

    async def take_down(self, record: RequestRecord, posts: Sequence[PostRecord], why: str) -> None:
        """A root with a thread stays, without its text: the thread may hold what others made of it."""
        api = await self._workspaces.api(record.workspace.id)
        place = read_place(record.reply_ref, record.channel, record.requester_id)
        for post in posts:
            channel, ts = read_address(post.address)
            try:
                await self._take_down_one(api, channel, ts, why if place.has_root and post.sample is None else None)
            except SlackApiError as error:
                log.info("slack.not_taken_down", code=code_of(error))

    async def _take_down_one(self, api: SlackApi, channel: str, ts: str, why: str | None) -> None:
        if is_file(ts):
            await api.delete_file(ts)
        elif why is not None:
            message = Message(small=(why,))
            await api.edit(channel, ts, message.text, message.blocks)
        else:
            await api.delete(channel, ts)

    async def take_down_stray(self, record: RequestRecord, channel: str, ts: str) -> None:
        """A message of this result that no process remembers: one died between posting it and writing that down."""
        known = {post.address for post in await self._core.posts.of(record.id)}
        if f"{channel}/{ts}" in known:
            return
        log.info("slack.stray", request_id=record.id)
        try:
            await (await self._workspaces.api(record.workspace.id)).delete(channel, ts)
        except SlackApiError as error:
            log.info("slack.not_taken_down", code=code_of(error))
