"""Streams: where they may be, and how they give way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from backends.store.records import RequestRecord
from bots.posts import Posts
from bots.slack_bot.api import SlackApi
from bots.slack_bot.board import Board
from bots.slack_bot.place import Place
from bots.slack_bot.stream import KEY, Stream
from bots.views import ResultView, SampleView
from tests.fakes.records import make_request
from tests.fakes.slack_world import FakeSlack, Message, Workspace
from tests.fakes.slack_world.reading import visible_text
from tests.fakes.worlds import stored


def view_of(record: RequestRecord, *texts: str, ended: bool = False) -> ResultView:
    samples = tuple(SampleView(number, text, None, 1) for number, text in enumerate(texts))
    status = "done" if ended else "writing"
    return ResultView(record.id, record.id, "C1", "complete", "Once", "", status, None, samples, (), None, (), "U1")


class Stage:
    def __init__(self, slack: FakeSlack, team: Workspace, root: Message, board: Board, api: SlackApi) -> None:
        self.slack = slack
        self.root = root
        self.board = board
        self._api = api
        self._team = team
        self.record = make_request()

    def stream(self, lasts_s: float = 60.0) -> Stream:
        place = Place(layout="thread", channel=self.root.channel.id, user=self.root.author.id, thread=self.root.ts)
        return Stream(self._api, self.board, place, self._team.id, lasts_s)

    @property
    def message(self) -> Message:
        return self.root.thread[-1]


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    async with FakeSlack.open() as slack, stored() as store:
        team = slack.add_workspace("Wonderland")
        channel, ada = team.add_channel("general"), team.add_user("Ada")
        root = await ada.say(channel, "root")
        api = SlackApi(team.bot_token, slack.api_url, team.bot.id)
        yield Stage(slack, team, root, Board(Posts(store), "r", api), api)
        assert not slack.violations


async def test_it_begins_with_the_first_word_and_grows() -> None:
    async with stage() as here:
        stream = here.stream()
        assert not await stream.write(view_of(here.record, ""))
        assert await stream.write(view_of(here.record, " upon"))
        assert await stream.write(view_of(here.record, " upon"))
        assert await stream.write(view_of(here.record, " upon a *time*"))
        assert visible_text(here.message) == "Once upon a *time*"
        assert stream.is_open
        assert here.slack.web.count("chat.appendStream") == 1


async def test_it_ends_with_the_result() -> None:
    async with stage() as here:
        stream = here.stream()
        await stream.write(view_of(here.record, " upon"))
        assert not await stream.write(view_of(here.record, " upon a time", ended=True))
        assert not here.message.streaming
        assert here.board.get(KEY) is not None


async def test_it_gives_way_before_slack_ends_it() -> None:
    async with stage() as here:
        stream = here.stream(lasts_s=0)
        assert await stream.write(view_of(here.record, " upon"))
        assert not await stream.write(view_of(here.record, " upon a time"))
        assert not here.message.streaming
        assert not await stream.write(view_of(here.record, " upon a time there"))
        assert here.slack.web.count("chat.stopStream") == 1


@pytest.mark.parametrize("second", [" upon" + " a time" * 600, " another"])
async def test_it_gives_way_when_the_text_gets_long_or_changes(second: str) -> None:
    async with stage() as here:
        stream = here.stream()
        assert await stream.write(view_of(here.record, " upon"))
        assert not await stream.write(view_of(here.record, second))
        assert not here.message.streaming


async def test_several_samples_are_no_stream() -> None:
    async with stage() as here:
        assert not await here.stream().write(view_of(here.record, " a", " b"))
        assert here.root.thread == []


async def test_when_asked_to_slow_down_it_skips_a_beat() -> None:
    async with stage() as here:
        stream = here.stream()
        await stream.write(view_of(here.record, " upon"))
        here.slack.faults.rate_limit("chat.appendStream", retry_after_s=30)
        assert await stream.write(view_of(here.record, " upon a"))
        assert await stream.write(view_of(here.record, " upon a time"))
        assert visible_text(here.message) == "Once upon a time"


async def test_when_asked_to_slow_down_at_the_beginning_it_is_none() -> None:
    async with stage() as here:
        stream = here.stream()
        here.slack.faults.rate_limit("chat.startStream", retry_after_s=30)
        assert not await stream.write(view_of(here.record, " upon"))
        assert not await stream.write(view_of(here.record, " upon a"))
        assert here.root.thread == []


async def test_a_text_that_would_be_too_much_for_one_call_is_no_stream() -> None:
    async with stage() as here:
        many = replace(view_of(here.record, "&" * 2900))
        assert not await here.stream().write(many)
