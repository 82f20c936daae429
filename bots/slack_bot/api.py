"""One workspace's Web API, as far as the bot uses it. Any call may raise SlackApiError."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from weakref import WeakValueDictionary

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
    AsyncServerErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bots.documents import Attachment, Picture
from bots.slack_bot.failures import code_of
from bots.slack_bot.markup import Block

PATIENT_TIMES = 5
"""How often a call waits as long as Slack's rate limits ask for."""
MOST_OF_DESCRIPTION = 1000
"""Characters of a picture's words for those who can't see it."""
_UNREAD: Mapping[str, Any] = {"parse": "none", "link_names": False}
_QUIET: Mapping[str, Any] = {**_UNREAD, "unfurl_links": False, "unfurl_media": False}

log = structlog.get_logger(__name__)


class SlackApi:
    """Nothing that makes something new is sent twice by itself: an answer that got lost may have been a yes."""

    def __init__(self, token: str, api_url: str, bot_user: str) -> None:
        self.bot_user = bot_user
        self.token = token
        patient = AsyncRateLimitErrorRetryHandler(max_retry_count=PATIENT_TIMES)
        lost = [AsyncConnectionErrorRetryHandler(max_retry_count=2), AsyncServerErrorRetryHandler(max_retry_count=2)]
        self._making = make_client(api_url, token, [patient])
        self._repeatable = make_client(api_url, token, [patient, *lost])
        self._hurried = make_client(api_url, token, [])
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, channel: str) -> AsyncIterator[None]:
        """One new message in a channel after the other, as Slack wants it: whoever holds the turn has it until the
        message is remembered, so that a crash leaves at most one behind that nobody knows.
        """
        turn = self._turns.setdefault(channel, asyncio.Lock())
        async with turn:
            yield

    # Messages.

    async def post(self, channel: str, text: str, blocks: list[Block], thread: str | None) -> str:
        """Returns the message's `ts`."""
        sent = await self._making.chat_postMessage(
            channel=channel, text=text, blocks=blocks, **_QUIET, **_given(thread_ts=thread)
        )
        return str(sent["ts"])

    async def edit(self, channel: str, ts: str, text: str, blocks: list[Block]) -> None:
        await self._repeatable.chat_update(channel=channel, ts=ts, text=text, blocks=blocks, **_UNREAD)

    async def delete(self, channel: str, ts: str) -> None:
        await self._repeatable.chat_delete(channel=channel, ts=ts)

    async def whisper(self, channel: str, user: str, text: str, blocks: list[Block], thread: str | None) -> None:
        """To one person in a channel."""
        await self._making.chat_postEphemeral(
            channel=channel, user=user, text=text, blocks=blocks, **_UNREAD, **_given(thread_ts=thread)
        )

    async def react(self, channel: str, ts: str, name: str) -> None:
        try:
            await self._repeatable.reactions_add(channel=channel, timestamp=ts, name=name)
        except SlackApiError as error:
            if code_of(error) != "already_reacted":
                raise

    # Streams: when Slack asks to slow down they give way to edits, so nobody waits.

    async def start_stream(self, channel: str, thread: str, user: str, team: str, markdown: str) -> str:
        sent = await self._hurried.chat_startStream(
            channel=channel,
            thread_ts=thread,
            recipient_user_id=user,
            recipient_team_id=team,
            markdown_text=markdown,
        )
        return str(sent["ts"])

    async def append_stream(self, channel: str, ts: str, markdown: str) -> None:
        await self._hurried.chat_appendStream(channel=channel, ts=ts, markdown_text=markdown)

    async def stop_stream(self, channel: str, ts: str) -> None:
        await self._repeatable.chat_stopStream(channel=channel, ts=ts)

    # Files.

    async def upload(self, channel: str, thread: str | None, attachment: Attachment) -> str:
        """Show a file; returns its id."""
        description = attachment.description[:MOST_OF_DESCRIPTION] if isinstance(attachment, Picture) else None
        sent = await self._making.files_upload_v2(
            channel=channel,
            filename=attachment.name,
            title=attachment.name,
            content=attachment.content,
            **_given(thread_ts=thread, alt_txt=description),
        )
        return str(sent["files"][0]["id"])

    async def delete_file(self, its_id: str) -> None:
        await self._repeatable.files_delete(file=its_id)

    # Views.

    async def open_view(self, trigger: str, view: Block) -> str:
        """Returns the view's id."""
        sent = await self._hurried.views_open(trigger_id=trigger, view=view)
        return str(sent["view"]["id"])

    async def update_view(self, its_id: str, view: Block) -> None:
        await self._repeatable.views_update(view_id=its_id, view=view)

    async def publish_home(self, user: str, view: Block) -> None:
        await self._repeatable.views_publish(user_id=user, view=view)

    # People and places.

    async def user(self, user: str) -> dict[str, Any]:
        return dict((await self._repeatable.users_info(user=user))["user"])

    async def join(self, channel: str) -> None:
        await self._repeatable.conversations_join(channel=channel)

    async def direct_channel(self, user: str) -> str:
        return str((await self._repeatable.conversations_open(users=[user]))["channel"]["id"])

    async def who_am_i(self) -> AsyncSlackResponse:
        return await self._repeatable.auth_test()


def make_client(api_url: str, token: str | None, retrying: list[Any]) -> AsyncWebClient:
    """Without a session of its own: each call connects anew, and none meets a connection that Slack has closed."""
    return AsyncWebClient(
        token=token,
        base_url=f"{api_url.rstrip('/')}/",
        retry_handlers=retrying,
        logger=logging.getLogger("slack_sdk"),
    )


def _given(**named: Any) -> dict[str, Any]:
    return {name: value for name, value in named.items() if value is not None}
