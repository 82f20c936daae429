"""A story's tree, and two results side by side, on Discord: the real client against a protocol-level fake."""

from __future__ import annotations

from pathlib import Path

from tests.fakes.discord_bot import running_bot
from tests.fakes.wonderland import Wonderland, wonderland
from tests.fakes.worlds import stored

PNG = b"\x89PNG"


def told(message: str) -> str:
    """What was written, without marks and small print."""
    return "\n".join(line for line in message.split("\n") if not line.startswith("-# ")).replace("**", "")


async def test_the_story_is_told_in_its_thread_after_a_restart_too(tmp_path: Path) -> None:
    async with stored(tmp_path / "inkling.db") as store, wonderland() as world:
        async with running_bot(world.discord, store=store) as bot:
            (first,) = await world.asked(prompt="Once 👩‍🚀 كان")
            await world.ada.click(first, "Again")
            await bot.finished()
            await world.ada.click(world.answers[1], "Continue")
            await bot.finished()
        async with running_bot(world.discord, store=store) as bot:
            read = await world.ada.slash(world.thread, "story")
            tree = await world.ada.slash(world.thread, "story", form="tree")
            text = await world.ada.slash(world.thread, "story", form="text")
            number = await world.ada.slash(world.thread, "story", form="text", number=1)
            picture = await world.ada.slash(world.thread, "story", form="picture")
            await bot.finished()
        last = told(world.answers[2].content)
        assert read.ephemeral
        assert read.text.startswith(last)
        assert tree.text.count("○") == 1
        assert tree.text.count("●") == 2
        assert text.message.attachments[0].content.decode() == last
        assert number.message.attachments[0].content.decode() == told(first.content)
        assert picture.message.attachments[0].content.startswith(PNG)


async def test_the_button_tells_and_draws_the_story_of_its_result() -> None:
    async with wonderland() as world, running_bot(world.discord) as bot:
        (first,) = await world.asked()
        await world.ada.click(first, "Continue")
        await bot.finished()
        more = await world.bob.click(first, "⋯ More")
        await bot.finished()
        shown = await world.bob.click(more.message, "Story")
        await bot.finished()
        assert shown.ephemeral
        assert shown.text.startswith(told(first.content))
        assert shown.followups[0].attachments[0].content.startswith(PNG)


async def test_where_there_is_no_story() -> None:
    async with wonderland() as world, running_bot(world.discord) as bot:
        shown = await world.ada.slash(world.general, "story")
        await bot.finished()
        assert shown.text == "There is no story here yet; /complete begins one."


async def compare(world: Wonderland, **options: object) -> None:
    await world.ada.slash(world.general, "compare", prompt="The sea", **options)


async def test_two_sides_stand_in_one_thread_to_be_voted_on() -> None:
    async with wonderland() as world, running_bot(world.discord) as bot:
        await compare(world, first="length=3 seed=5", second="length=4")
        await bot.finished()
        (root,) = world.general.messages
        assert root.content.startswith("> The sea")
        first, second = world.answers
        assert (len(told(first.content).split()), len(told(second.content).split())) == (5, 6)
        assert told(second.content).startswith(told(first.content))
        assert "Compared" in second.content
        for message in (first, second):
            assert {emoji for emoji in message.reactions if world.discord.bot in message.reactions[emoji]} == {
                "🔁",
                "👍",
            }


async def test_a_private_comparison_is_for_one_to_see() -> None:
    async with wonderland() as world, running_bot(world.discord) as bot:
        shown = await world.ada.slash(world.general, "compare", prompt="The sea", first="length=3", private=True)
        await bot.finished()
        assert world.general.messages == []
        assert shown.ephemeral
        assert len(shown.followups) == 1


async def test_a_side_that_cant_be_read_is_told() -> None:
    async with wonderland() as world, running_bot(world.discord) as bot:
        shown = await world.ada.slash(world.general, "compare", prompt="The sea", first="temperature=9")
        await bot.finished()
        assert shown.text == "temperature must be between 0 and 2; you gave 9."
        assert world.general.messages == []
