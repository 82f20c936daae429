"""A story on Discord, from its first command on: the real client against a protocol-level fake."""

from __future__ import annotations

import re

import pytest

from tests.fakes.discord_bot import Bot, running_bot
from tests.fakes.discord_world.messages import Message
from tests.fakes.discord_world.shown import Shown
from tests.fakes.gated_backend import GatedBackend
from tests.fakes.wonderland import Wonderland, is_ended, wonderland


async def click(bot: Bot, world: Wonderland, message: Message, button: str, who: object = None) -> Shown:
    shown = await (who or world.ada).click(message, button)  # type: ignore[attr-defined]
    await bot.finished()
    return shown


def said(message: Message) -> str:
    """What was written, without small print."""
    lines = [line for line in message.content.split("\n") if not line.startswith("-# ")]
    return "\n".join(lines)


def footer(message: Message) -> str:
    return message.content.rsplit("\n", 1)[-1]


async def test_three_samples_in_a_thread_of_their_root() -> None:
    async with wonderland() as world, running_bot(world.discord):
        answers = await world.asked(samples=3, seed=7)
        (root,) = world.general.messages
        assert root.content == (
            "> Once upon a time\n"
            r"-# 3 samples · temperature 0.8 · top\_p 0.95 · top\_k 40 · length 5 · for \@Ada"
        )
        assert world.thread.name == "Once upon a time"
        assert [message.content.split("\n")[0] for message in answers] == ["-# 1/3", "-# 2/3", "-# 3/3"]
        assert all(said(message).startswith("**Once upon a time** ") for message in answers)
        assert len({said(message) for message in answers}) == 3
        assert [re.findall(r"seed (\d+)", footer(message)) for message in answers] == [["7"], ["8"], ["9"]]
        assert all(footer(message).endswith("stopped at length") for message in answers)
        assert all(world.discord.bot in message.reactions["🔁"] for message in answers)
        for message in answers:
            assert [button["label"] for button in message.buttons] == ["Again", "Pick this", "Vary", "⋯ More"]


async def test_the_answer_to_the_command_goes_when_the_result_can_be_seen() -> None:
    async with wonderland() as world, running_bot(world.discord) as bot:
        shown = await world.ada.slash(world.general, "complete", prompt="Once")
        await bot.finished()
        assert shown.ephemeral
        assert shown.message.deleted


async def test_text_appears_as_it_is_written() -> None:
    backend = GatedBackend()
    async with wonderland() as world, running_bot(world.discord, backend):
        await world.ada.slash(world.general, "complete", prompt="Once")
        run = await backend.next_run()
        message = await world.discord.until(world.newest)
        assert message.content == "**Once**\n-# Writing …"
        assert [button["label"] for button in message.buttons] == ["Stop"]
        run.say(" there was", " a lamp")
        await world.discord.until(lambda: message.content == "**Once** there was a lamp▌")
        run.finish()
        run.end()
        await world.discord.until(lambda: is_ended(message))
        assert said(message) == "**Once** there was a lamp"
        assert len(world.answers) == 1


async def test_who_waits_is_told() -> None:
    backend = GatedBackend()
    async with wonderland() as world, running_bot(world.discord, backend, max_running=1) as bot:
        await world.ada.slash(world.general, "complete", prompt="First")
        run = await backend.next_run()
        await world.bob.slash(world.general, "complete", prompt="Second")
        message = await world.discord.until(lambda: world.newest(threads=2))
        assert re.fullmatch(r"\*\*Second\*\*\n-# Queued, about \d+ s\.", message.content)
        run.complete(" x")
        (await backend.next_run()).complete(" y")
        await bot.finished()
        assert said(message) == "**Second** y"


@pytest.mark.parametrize("act", ["button", "reaction"])
async def test_again_gives_another_beside_the_first(act: str) -> None:
    async with wonderland() as world, running_bot(world.discord) as bot:
        (first,) = await world.asked(seed=7, prompt="the quick brown fox jumps over the lazy dog")
        if act == "button":
            await world.bob.click(first, "Again")
        else:
            await world.bob.react(first, "🔁")
        await bot.finished()
        first, again = world.answers
        assert again.content.startswith("-# Again · temperature 0.8")
        assert r"for \@Bob" in again.content
        assert said(again) != said(first)
        assert again.reference is not None
        assert int(again.reference["message_id"]) == first.id
        assert is_ended(again)


async def test_two_clicks_are_two_results() -> None:
    async with wonderland() as world, running_bot(world.discord) as bot:
        (first,) = await world.asked()
        for who in (world.ada, world.ada, world.bob):
            await who.click(first, "Again")
        await bot.finished()
        assert len(world.answers) == 4


async def test_the_same_reaction_told_twice_is_one_result_and_put_again_two() -> None:
    async with wonderland() as world, running_bot(world.discord) as bot:
        (first,) = await world.asked()
        await world.bob.react(first, "🔁")
        await bot.finished()
        event = {
            "user_id": str(world.bob.id),
            "channel_id": str(first.channel.id),
            "message_id": str(first.id),
            "guild_id": str(world.guild.id),
            "emoji": {"id": None, "name": "🔁"},
            "member": world.bob.payload(),
            "message_author_id": str(world.discord.bot.id),
            "burst": False,
            "type": 0,
        }
        world.discord.world.emit("MESSAGE_REACTION_ADD", event, world.guild)
        await bot.finished()
        assert len(world.answers) == 2
        await world.bob.unreact(first, "🔁")
        await world.bob.react(first, "🔁")
        await bot.finished()
        assert len(world.answers) == 3


async def test_same_seed_same_text() -> None:
    async with wonderland() as world, running_bot(world.discord) as bot:
        (first,) = await world.asked()
        more = await click(bot, world, first, "⋯ More")
        assert more.ephemeral
        assert [button["label"] for button in more.message.buttons] == [
            "Same seed",
            "Edit prompt",
            "Story",
            "As file",
            "Undo",
            "Delete",
        ]
        await click(bot, world, more.message, "Same seed")
        first, again = world.answers
        assert said(again) == said(first)


async def test_vary_by_a_form_that_knows_the_values() -> None:
    async with wonderland() as world, running_bot(world.discord) as bot:
        (first,) = await world.asked(seed=7, temperature=0.5)
        form = await world.ada.click(first, "Vary")
        fields = {name: field["value"] for name, field in form.modal.inputs.items()}
        assert fields == {"temperature": "0.5", "top_p": "0.95", "top_k": "40", "length": "5", "others": "seed=7"}
        await world.ada.submit(form.modal, {"temperature": "1.5", "others": "seed=7 min_p=0.1"})
        await bot.finished()
        varied = world.answers[1]
        assert varied.content.startswith("-# Varied · temperature 1.5")
        assert r"temperature 1.5 · min\_p 0.1" in footer(varied)


async def test_a_form_with_a_mistake_is_told_so_privately() -> None:
    async with wonderland() as world, running_bot(world.discord) as bot:
        (first,) = await world.asked()
        form = await world.ada.click(first, "Vary")
        shown = await world.ada.submit(form.modal, {"temperature": "3"})
        await bot.finished()
        (told,) = shown.followups
        assert told.ephemeral
        assert told.content == "temperature must be between 0 and 2; you gave 3."
        assert len(world.answers) == 1


async def test_continue_goes_on_from_the_end() -> None:
    async with wonderland() as world, running_bot(world.discord) as bot:
        (first,) = await world.asked()
        await click(bot, world, first, "Continue")
        first, next_ = world.answers
        whole = said(first).replace("**", "")
        assert said(next_).startswith(f"**{whole}** ")
        await world.bob.react(next_, "▶️")
        await bot.finished()
        assert said(world.answers[2]).startswith(f"**{said(next_).replace('**', '')}** ")


async def test_pick_goes_on_from_that_sample() -> None:
    async with wonderland() as world, running_bot(world.discord) as bot:
        answers = await world.asked(samples=3)
        await click(bot, world, answers[2], "Pick this")
        whole = said(answers[2]).replace("**", "")
        assert said(world.answers[3]).startswith(f"**{whole}** ")


@pytest.mark.parametrize("act", ["button", "reaction"])
async def test_stop_keeps_what_is_there(act: str) -> None:
    backend = GatedBackend()
    async with wonderland() as world, running_bot(world.discord, backend) as bot:
        await world.ada.slash(world.general, "complete", prompt="Once")
        run = await backend.next_run()
        run.say(" there was")
        message = await world.discord.until(world.newest)
        await world.discord.until(lambda: "there was" in message.content)
        if act == "button":
            await world.ada.click(message, "Stop")
        else:
            await world.ada.react(message, "⏹️")
        await bot.finished()
        assert run.cancelled
        assert said(message) == "**Once** there was"
        assert footer(message).endswith(r"stopped by \@Ada")


async def test_others_are_refused_in_private() -> None:
    backend = GatedBackend()
    async with wonderland() as world, running_bot(world.discord, backend) as bot:
        await world.ada.slash(world.general, "complete", prompt="Once")
        run = await backend.next_run()
        message = await world.discord.until(world.newest)
        shown = await world.bob.click(message, "Stop")
        await world.bob.react(message, "⏹️")
        await world.discord.settle(0.2)
        (told,) = shown.followups
        assert told.ephemeral
        assert told.content == r"Only \@Ada or an admin can stop this."
        assert not run.cancelled
        run.complete(" x")
        await bot.finished()
        await world.bob.react(message, "🗑️")
        await bot.finished()
        assert not message.deleted


async def test_edit_the_prompt() -> None:
    async with wonderland() as world, running_bot(world.discord) as bot:
        (first,) = await world.asked()
        more = await click(bot, world, first, "⋯ More")
        form = await world.ada.click(more.message, "Edit prompt")
        assert form.modal.inputs["prompt"]["value"] == "Once upon a time"
        await world.ada.submit(form.modal, {"prompt": "Twice"})
        await bot.finished()
        assert said(world.answers[1]).startswith("**Twice** Twice Twice")


async def test_a_result_as_a_file() -> None:
    async with wonderland() as world, running_bot(world.discord) as bot:
        (first,) = await world.asked()
        more = await click(bot, world, first, "⋯ More")
        given = await click(bot, world, more.message, "As file")
        (file,) = given.message.attachments
        assert given.ephemeral
        assert file.content.decode() == said(first).replace("**", "")


async def test_undo_takes_the_last_step_back() -> None:
    async with wonderland() as world, running_bot(world.discord) as bot:
        (first,) = await world.asked()
        await click(bot, world, first, "Continue")
        first, next_ = world.answers
        more = await click(bot, world, next_, "⋯ More")
        shown = await click(bot, world, more.message, "Undo")
        assert next_.deleted
        assert not first.deleted
        assert shown.followups[0].content == "Taken out of the story; it goes on from the result before."


@pytest.mark.parametrize("act", ["button", "reaction"])
async def test_delete_takes_it_down_everywhere(act: str) -> None:
    async with wonderland() as world, running_bot(world.discord) as bot:
        answers = await world.asked(samples=2, prompt="my secret")
        if act == "button":
            more = await click(bot, world, answers[0], "⋯ More")
            await click(bot, world, more.message, "Delete")
        else:
            await world.ada.react(answers[1], "🗑️")
            await bot.finished()
        assert all(message.deleted for message in answers)
        (root,) = world.general.messages
        assert root.content == r"-# deleted by \@Ada"
        assert world.thread.name == "Inkling"
        assert (await bot.requests(world.guild.id, world.general)) == ()


async def test_the_name_of_a_sleeping_thread_is_deleted_too() -> None:
    async with wonderland() as world, running_bot(world.discord) as bot:
        await world.asked(prompt="my secret")
        world.thread.archived = True
        more = await click(bot, world, world.answers[0], "⋯ More")
        await click(bot, world, more.message, "Delete")
        assert world.thread.name == "Inkling"


async def test_another_bots_reactions_mean_nothing() -> None:
    async with wonderland() as world, running_bot(world.discord) as bot:
        (first,) = await world.asked()
        mirror = world.guild.add_member("Mirror")
        mirror.account.bot = True
        await mirror.react(first, "🔁")
        await bot.finished()
        assert world.answers == [first]


async def test_context_menus_on_any_message() -> None:
    async with wonderland() as world, running_bot(world.discord) as bot:
        remark = await world.bob.say(world.general, "It was a dark and stormy night")
        await world.ada.context_menu(remark, "Complete this")
        await bot.finished()
        (first,) = world.answers
        assert said(first).startswith("**It was a dark and stormy night** ")
        await world.bob.context_menu(first, "Regenerate this")
        await bot.finished()
        assert len(world.answers) == 2
        refused = await world.bob.context_menu(remark, "Regenerate this")
        await bot.finished()
        assert refused.text == "That message is none of my results, or its result was deleted."
