"""What one person is told about what they did, for their eyes only: by its response_url, else in the channel."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import Any

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bots.choosing import Choice
from bots.controls import Control
from bots.documents import Attachment, Document
from bots.presenter import BROKEN
from bots.slack_bot.api import SlackApi
from bots.slack_bot.blocks import button_row, menu, section, sections
from bots.slack_bot.deeds import Deed
from bots.slack_bot.failures import UNREACHABLE, code_of, explain, is_closed
from bots.slack_bot.markup import Block, escape
from bots.slack_bot.workspaces import Workspaces
from config.errors import InklingError

USES = 4
"""Of a response_url's five; one stays for what may be said at the very end."""
LASTS_S = 1700.0
"""Of a response_url's half hour."""
LONGEST = 9000
"""Characters of an answer; a longer one comes as a file."""
_NOTIFICATION = 300
_COMMANDS = re.compile(r"(?<![\w/.])/(config|explain|status|presets|forget-me|help|story|compare)\b")

log = structlog.get_logger(__name__)


class Answer:
    def __init__(self, workspaces: Workspaces, deed: Deed) -> None:
        self._workspaces = workspaces
        self._deed = deed
        self._uses = 0
        self._began = time.monotonic()

    async def say(self, *lines: str) -> None:
        """Our own words, which name commands as they are called on Slack."""
        await self.quote(commands_of_slack("\n".join(lines)))

    async def quote(self, text: str) -> None:
        """Plain text, shown as it is; as a file when it is too long for a message."""
        if len(text) > LONGEST:
            await self.give(Document("answer.txt", text))
        else:
            await self._send(text, sections(text))

    async def offer(self, text: str, controls: Sequence[Control]) -> None:
        """A sentence with buttons."""
        await self._send(text, [section(text), button_row(controls)])

    async def ask(self, text: str, control: Control, choices: Sequence[Choice]) -> None:
        """A sentence with a menu."""
        await self._send(text, [section(text), menu(control, choices)])

    async def give(self, attachment: Attachment, channel: str = "", thread: str | None = None) -> str:
        """A file; returns its id. Slack has none for one person alone: without a channel it is a direct message."""
        api = await self._workspaces.api(self._deed.team)
        return await api.upload(channel or await api.direct_channel(self._deed.user), thread, attachment)

    async def fail(self, error: BaseException) -> None:
        """The error as one sentence; what nobody expected goes to the log too."""
        sentence = sentence_of(error)
        if sentence == BROKEN:
            log.error("slack.failed", exc_info=error)
        try:
            await self.say(sentence)
        except (InklingError, *UNREACHABLE) as refused:
            log.info("slack.unheard", code=code_of(refused) or type(refused).__name__)

    async def _send(self, text: str, blocks: list[Block]) -> None:
        told = escape(text[:_NOTIFICATION])
        if not await self._respond(told, blocks):
            api, deed = await self._workspaces.api(self._deed.team), self._deed
            if not await self._whisper(api, told, blocks):
                await api.post(await api.direct_channel(deed.user), told, blocks, None)

    async def _whisper(self, api: SlackApi, text: str, blocks: list[Block]) -> bool:
        """Whether it could be said in the channel, which takes being there."""
        deed = self._deed
        if not deed.channel:
            return False
        try:
            await api.whisper(deed.channel, deed.user, text, blocks, deed.thread)
        except SlackApiError as error:
            if not is_closed(error):
                raise
            return False
        return True

    async def _respond(self, text: str, blocks: list[Block]) -> bool:
        """Whether the response_url took it."""
        url = self._deed.response_url
        if url is None or self._uses >= USES or time.monotonic() - self._began > LASTS_S:
            return False
        self._uses += 1
        body: dict[str, Any] = {"response_type": "ephemeral", "replace_original": False, "text": text, "blocks": blocks}
        if self._deed.thread is not None:
            body["thread_ts"] = self._deed.thread
        hook = AsyncWebhookClient(url, retry_handlers=[AsyncRateLimitErrorRetryHandler(max_retry_count=2)])
        try:
            response = await hook.send_dict(body)
        except UNREACHABLE as error:  # Heard twice beats not at all.
            log.info("slack.response_url_lost", code=type(error).__name__)
            return False
        if response.status_code != 200:
            log.info("slack.response_url_over", status=response.status_code)
        return response.status_code == 200


def sentence_of(error: BaseException) -> str:
    if isinstance(error, InklingError):
        return error.sentence
    return explain(error) if isinstance(error, UNREACHABLE) else BROKEN


def commands_of_slack(text: str) -> str:
    """Command names are everybody's on Slack, so all of ours begin alike."""
    return _COMMANDS.sub(r"/complete-\1", text)
