"""A story's tree, and two results side by side, on Slack: the real client against a protocol-level fake."""

from __future__ import annotations

import pytest

from tests.fakes.slack_bot import Mode, running_bot
from tests.fakes.slack_world.reading import visible_text
from tests.fakes.slackland import Slackland, body, button, slackland, small
from tests.fakes.worlds import stored

PNG = b"\x89PNG"


@pytest.fixture(params=["socket", "http"])
def mode(request: pytest.FixtureRequest) -> Mode:
    held: Mode = request.param
    return held


def direct_files(world: Slackland) -> list[bytes]:
    """Of Ada's direct messages with the bot, in the order they came."""
    channel = world.team.direct_channel(world.ada)
    return [file.content or b"" for message in channel.roots for file in message.files]


async def test_the_story_is_told_after_a_restart_too(mode: Mode) -> None:
    async with stored() as store, slackland() as world:
        async with running_bot(world.slack, world.team, store=store, mode=mode) as bot:
            (first,) = await world.asked(prompt="Once 👩‍🚀 كان")
            await world.ada.click(first, button(first, "Continue"))
            await bot.finished()
        async with running_bot(world.slack, world.team, store=store, mode=mode) as bot:
            read = await world.ada.slash(world.general, "/complete-story")
            tree = await world.ada.slash(world.general, "/complete-story", "tree 1")
            await world.ada.slash(world.general, "/complete-story", "text")
            await bot.finished()
            assert read.text.startswith(body(world.answers[1]))
            assert [tree.text.count(sign) for sign in "●○"] == [1, 1]
            assert direct_files(world) == [body(world.answers[1]).encode()]


async def test_said_in_a_thread_it_is_that_threads(mode: Mode) -> None:
    async with slackland() as world, running_bot(world.slack, world.team, mode=mode) as bot:
        (first,) = await world.asked(prompt="The first")
        await world.asked(prompt="The second")
        await world.ada.mention(world.general, "story text", thread=first)
        await bot.finished()
        assert direct_files(world) == [body(first).encode()]


async def test_a_text_that_begins_with_the_word_is_a_text(mode: Mode) -> None:
    async with slackland() as world, running_bot(world.slack, world.team, mode=mode) as bot:
        (first,) = await world.asked()
        await world.ada.mention(world.general, "story of a sea", thread=first)
        await bot.finished()
        assert body(world.answers[-1]).startswith("story of a sea")


async def test_the_button_tells_and_draws_it(mode: Mode) -> None:
    async with slackland() as world, running_bot(world.slack, world.team, mode=mode) as bot:
        (first,) = await world.asked()
        more = await world.ada.click(first, button(first, "More"))
        menu = await world.slack.until(lambda: more.message)
        shown = await world.ada.click(menu, button(menu, "Story"))
        await bot.finished()
        assert visible_text(shown.messages[0]).startswith(body(first))
        (picture,) = direct_files(world)
        assert picture.startswith(PNG)


async def test_two_sides_stand_in_one_thread_to_be_voted_on(mode: Mode) -> None:
    async with slackland() as world, running_bot(world.slack, world.team, mode=mode) as bot:
        await world.ada.slash(world.general, "/complete-compare", "length=3 seed=5 vs length=4 The sea")
        await bot.finished()
        first, second = world.answers
        assert (len(body(first).split()), len(body(second).split())) == (5, 6)
        assert body(second).startswith(body(first))
        assert small(second)[0].startswith("Compared")
        for message in (first, second):
            assert {name for name in message.reactions if world.team.bot in message.reactions[name]} == {"repeat", "+1"}
