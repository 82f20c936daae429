"""What one person is told: as long as it may be, where they can read it, with Slack's names of commands."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from slack_sdk.errors import SlackApiError

from bots.presenter import BROKEN
from bots.slack_bot.answers import USES, Answer, commands_of_slack, sentence_of
from bots.slack_bot.deeds import Deed
from bots.slack_bot.workspaces import Installed, Workspaces
from config.errors import NotAllowed
from tests.fakes.slack_world import Channel, FakeSlack, User
from tests.fakes.slack_world.reading import visible_text
from tests.fakes.slack_world.response_urls import response_url
from tests.fakes.worlds import stored


@asynccontextmanager
async def answering(with_url: bool) -> AsyncIterator[tuple[FakeSlack, Channel, User, Answer]]:
    async with FakeSlack.open() as slack, stored() as store:
        team = slack.add_workspace("Wonderland")
        channel, ada = team.add_channel("general"), team.add_user("Ada")
        channel.members.append(ada)
        workspaces = Workspaces(store, slack.api_url)
        workspaces.settle(Installed(team.id, team.name, team.bot_token, team.bot.id, "B1"))
        url = response_url(channel, ada, kind="commands").url if with_url else None
        yield slack, channel, ada, Answer(workspaces, Deed("1", team.id, channel.id, ada.id, response_url=url))
        assert not slack.violations
        assert not slack.pings


@pytest.mark.parametrize("with_url", [True, False])
async def test_only_one_person_reads_it(with_url: bool) -> None:
    async with answering(with_url) as (_, channel, ada, answer):
        await answer.say("a <!channel> & *b*", "/config set x")
        (seen,) = ada.sees(channel)
        assert visible_text(seen) == "a <!channel> & *b*\n/complete-config set x"
        assert channel.messages == []


async def test_when_the_response_url_is_used_up_it_goes_on_in_the_channel() -> None:
    async with answering(True) as (slack, channel, ada, answer):
        for number in range(USES + 2):
            await answer.say(f"{number}")
        assert [visible_text(each) for each in ada.sees(channel)] == [str(number) for number in range(USES + 2)]
        assert slack.web.count("chat.postEphemeral") == 2


async def test_when_the_response_url_is_over_it_goes_on_in_the_channel() -> None:
    async with answering(True) as (slack, channel, ada, answer):
        slack.advance(1801)
        await answer.say("late")
        assert [visible_text(each) for each in ada.sees(channel)] == ["late"]


async def test_a_long_answer_is_cut_into_sections_at_lines() -> None:
    async with answering(True) as (_, channel, ada, answer):
        lines = [f"line {number} " + "x" * 90 for number in range(80)]
        await answer.say(*lines)
        (seen,) = ada.sees(channel)
        assert len(seen.blocks) == 3
        assert visible_text(seen).split("\n") == lines


async def test_a_first_line_that_fills_a_section_leaves_none_empty() -> None:
    async with answering(True) as (_, channel, ada, answer):
        await answer.say("x" * 4000, "y")
        (seen,) = ada.sees(channel)
        assert [block["text"]["text"] for block in seen.blocks] == ["x" * 3000, "x" * 1000 + "\ny"]


async def test_a_very_long_answer_comes_as_a_file_in_direct_messages() -> None:
    async with answering(True) as (_, channel, ada, answer):
        await answer.say("x" * 20_000)
        (message,) = channel.workspace.direct_channel(ada).messages
        assert message.files[0].text == "x" * 20_000


def refused(code: str) -> SlackApiError:
    return SlackApiError("x", {"error": code})


def test_commands_have_slacks_names() -> None:
    assert commands_of_slack("Write /config set, /presets or /help.") == (
        "Write /complete-config set, /complete-presets or /complete-help."
    )
    assert commands_of_slack("/complete-config a/config https://x.example/config") == (
        "/complete-config a/config https://x.example/config"
    )


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (NotAllowed("No."), "No."),
        (ValueError("inside"), BROKEN),
        (refused("ratelimited"), "Slack asks me to slow down; try again in a minute."),
        (
            SlackApiError("x", {"error": "expired_trigger_id"}),
            "Slack gave me too little time to open the form; try again.",
        ),
        (refused("odd"), "Slack refused that; my log says more. Nothing you wrote is lost."),
        (OSError("down"), "Slack can't be reached at the moment; try again in a minute."),
    ],
)
def test_an_error_is_one_sentence(error: Exception, sentence: str) -> None:
    assert sentence_of(error) == sentence
