"""A sample that appears as it is written, by Slack's streaming, for as long as Slack lets a stream be."""

from __future__ import annotations

import asyncio

import structlog

from bots.excerpts import shown_prompt
from bots.slack_bot.api import SlackApi
from bots.slack_bot.board import Board, Shown, stop_stream
from bots.slack_bot.failures import UNREACHABLE, code_of
from bots.slack_bot.markup import escape_markdown, streamed
from bots.slack_bot.place import Place
from bots.slack_bot.rendering import BODY_LIMIT
from bots.turns import PartKey
from bots.views import ResultView

LASTS_S = 240.0
"""Slack ends streams after about five minutes, and what is written then is lost."""
MARKDOWN_LIMIT = 12_000
"""Characters of one call, as they are sent."""
KEY: PartKey = (0, 0)

log = structlog.get_logger(__name__)


class Stream:
    """One sample under a root, from its first word until it ends, gets long or lasts long; then edits take over."""

    def __init__(self, api: SlackApi, board: Board, place: Place, team: str, lasts_s: float = LASTS_S) -> None:
        self._api = api
        self._board = board
        self._place = place
        self._team = team
        self._lasts_s = lasts_s
        self._shown: Shown | None = None
        self._sent = ""
        self._until = 0.0
        self._is_over = False

    @property
    def is_open(self) -> bool:
        return self._shown is not None and not self._is_over

    async def write(self, view: ResultView) -> bool:
        """Show the view in the stream; False when it must be shown otherwise, from now on."""
        if self._is_over:
            return False
        if not self._fits(view):
            await self.end()
            return False
        try:
            await (self._append(view) if self._shown else self._start(view))
        except UNREACHABLE as error:
            if code_of(error) == "ratelimited" and self.is_open:
                return True
            log.info("slack.no_stream", code=code_of(error) or type(error).__name__)
            await self.end()
            self._is_over = True
        return not self._is_over

    def _fits(self, view: ResultView) -> bool:
        if view.ended or len(view.samples) != 1 or not view.samples[0].text:
            return False
        prompt, text = shown_prompt(view.prompt), view.samples[0].text
        if len(prompt) + len(text) > BODY_LIMIT or len(streamed(prompt, text)) > MARKDOWN_LIMIT:
            return False
        if self._shown is None:
            return self._board.get(KEY) is None and self._place.thread is not None
        return text.startswith(self._sent) and asyncio.get_running_loop().time() < self._until

    async def _start(self, view: ResultView) -> None:
        text, place = view.samples[0].text, self._place
        assert place.thread is not None
        markdown = streamed(shown_prompt(view.prompt), text)
        async with self._api.turn(place.channel):
            ts = await self._api.start_stream(place.channel, place.thread, place.user, self._team, markdown)
            self._until = asyncio.get_running_loop().time() + self._lasts_s
            await self._board.adopt(KEY, place.channel, ts)
        self._shown, self._sent = self._board.get(KEY), text

    async def _append(self, view: ResultView) -> None:
        text = view.samples[0].text
        if self._shown is not None and text != self._sent:
            await self._api.append_stream(self._shown.channel, self._shown.ts, escape_markdown(text[len(self._sent) :]))
            self._sent = text

    async def end(self) -> None:
        """From now on the message can be edited."""
        if self.is_open and self._shown is not None:
            await stop_stream(self._api, self._shown)
        self._is_over = self._is_over or self._shown is not None
