"""Where results go: threads, and what is done where there can be none; what is done when their place goes away."""

from __future__ import annotations

import pytest

from tests.fakes.discord_bot import Bot, running_bot
from tests.fakes.discord_world import Kind, Permission
from tests.fakes.discord_world.asking import ask
from tests.fakes.discord_world.interactions import Asked
from tests.fakes.discord_world.messages import Message
from tests.fakes.discord_world.shown import Shown
from tests.fakes.gated_backend import GatedBackend
from tests.fakes.wonderland import Wonderland, is_ended, wonderland

FIX = "an admin can fix it in Channel settings → Permissions."


async def test_direct_messages_get_a_reply() -> None:
    async with wonderland() as world, running_bot(world.discord) as bot:
        ada = world.ada.user
        direct = world.discord.direct_channel(ada)
        await ada.slash(direct, "complete", prompt="Once", length=3)
        await bot.finished()
        root, answer = direct.messages
        assert root.content.startswith("> Once\n")
        assert answer.content.startswith("**Once** ")
        assert answer.reference is not None
        assert int(answer.reference["message_id"]) == root.id
        await ada.react(answer, "🔁")
        await bot.finished()
        assert len(direct.messages) == 3


async def test_one_may_set_the_rules_of_ones_own_direct_messages() -> None:
    async with wonderland() as world, running_bot(world.discord) as bot:
        ada, bob = world.ada.user, world.bob.user
        await ada.slash(world.discord.direct_channel(ada), "config set", setting="length", value="3")
        await bot.finished()
        await ada.slash(world.discord.direct_channel(ada), "complete", prompt="Once")
        await bob.slash(world.discord.direct_channel(bob), "complete", prompt="Once")
        await bot.finished()
        assert "3 tokens" in world.discord.direct_channel(ada).messages[-1].content
        assert "60 tokens" in world.discord.direct_channel(bob).messages[-1].content


async def test_in_a_thread_the_answer_is_there() -> None:
    async with wonderland() as world, running_bot(world.discord) as bot:
        await world.asked()
        thread = world.thread
        await world.bob.slash(thread, "complete", prompt="Twice", length=3)
        await bot.finished()
        assert world.general.threads == [thread]
        assert thread.messages[-2].content.startswith("> Twice\n")
        assert thread.messages[-1].content.startswith("**Twice** ")


@pytest.mark.parametrize(
    ("denied", "named"),
    [
        (Permission.CREATE_PUBLIC_THREADS, "Create Public Threads"),
        (Permission.SEND_MESSAGES_IN_THREADS, "Send Messages in Threads"),
        (
            Permission.CREATE_PUBLIC_THREADS | Permission.SEND_MESSAGES_IN_THREADS,
            "Create Public Threads and Send Messages in Threads",
        ),
    ],
)
async def test_without_threads_it_answers_in_the_channel_and_says_why(denied: Permission, named: str) -> None:
    async with wonderland() as world, running_bot(world.discord) as bot:
        world.general.overwrite(world.guild.me, deny=denied)
        shown = await world.ada.slash(world.general, "complete", prompt="Once", length=3)
        await bot.finished()
        assert shown.text == f"I can't open a thread in #general: I lack {named}. I answered here instead; {FIX}"
        assert len(world.general.messages) == 2
        assert is_ended(world.general.messages[1])


@pytest.mark.parametrize(
    ("denied", "named"),
    [(Permission.SEND_MESSAGES, "Send Messages"), (Permission.VIEW_CHANNEL, "View Channel and Send Messages")],
)
async def test_where_it_may_not_write_only_one_sees_it(denied: Permission, named: str) -> None:
    async with wonderland() as world, running_bot(world.discord) as bot:
        world.general.overwrite(world.guild.me, deny=denied)
        shown = await world.ada.slash(world.general, "complete", prompt="Once", length=3)
        await bot.finished()
        assert world.general.messages == []
        assert shown.ephemeral
        assert "**Once** " in shown.text
        (told,) = shown.followups
        assert told.ephemeral
        assert told.content == f"I can't write in #general: I lack {named}. Only you see this; {FIX}"


async def test_too_many_threads_are_told() -> None:
    async with wonderland() as world, running_bot(world.discord) as bot:
        world.discord.world.active_threads = 0
        shown = await world.ada.slash(world.general, "complete", prompt="Once", length=3)
        await bot.finished()
        assert shown.text.startswith("I can't open a thread in #general: the server has as many active ones")
        assert is_ended(world.general.messages[-1])


async def test_a_voice_channels_chat_has_no_threads() -> None:
    async with wonderland() as world, running_bot(world.discord) as bot:
        voice = world.guild.add_channel("lounge", Kind.VOICE)
        await world.ada.slash(voice, "complete", prompt="Once", length=3)
        await bot.finished()
        assert len(voice.messages) == 2
        assert voice.threads == []


async def test_private_results_are_for_one_to_see() -> None:
    async with wonderland() as world, running_bot(world.discord) as bot:
        shown = await world.ada.slash(world.general, "complete", prompt="Once", samples=2, length=3, private=True)
        await bot.finished()
        assert world.general.messages == []
        assert shown.ephemeral
        first, second = shown.message, shown.followups[0]
        assert "1/2" in first.content
        assert second.ephemeral
        again = await world.ada.click(second, "Again")
        await bot.finished()
        assert again.ephemeral
        assert "Again" in again.text
        assert is_ended(again.message)
        assert world.general.messages == []


async def test_a_private_result_is_taken_down_too() -> None:
    async with wonderland() as world, running_bot(world.discord) as bot:
        shown = await world.ada.slash(world.general, "complete", prompt="my secret", samples=2, length=3, private=True)
        await bot.finished()
        more = await world.ada.click(shown.message, "⋯ More")
        await bot.finished()
        told = await world.ada.click(more.message, "Delete")
        await bot.finished()
        assert shown.message.deleted
        assert shown.followups[0].deleted
        assert told.followups[0].content.startswith("Deleted.")
        assert await bot.requests(world.guild.id, world.general) == ()


async def test_a_private_result_that_takes_longer_than_fifteen_minutes_comes_as_a_direct_message() -> None:
    backend = GatedBackend()
    async with wonderland() as world, running_bot(world.discord, backend) as bot:
        shown = await world.ada.slash(world.general, "complete", prompt="Once", private=True)
        run = await backend.next_run()
        await world.discord.until(lambda: "Writing" in shown.text)
        world.discord.advance(16 * 60)
        run.complete(" there was")
        await world.discord.until(lambda: any(map(is_ended, world.discord.direct_channel(world.ada.user).messages)))
        (message,) = world.discord.direct_channel(world.ada.user).messages
        assert "**Once** there was" in message.content
        await bot.finished()


async def late_private_result(world: Wonderland, bot: Bot, backend: GatedBackend) -> Message:
    """One whose fifteen minutes were over when it was written."""
    await world.ada.slash(world.general, "complete", prompt="Once", private=True)
    run = await backend.next_run()
    world.discord.advance(16 * 60)
    run.complete(" there was")
    direct = world.discord.direct_channel(world.ada.user)
    await world.discord.until(lambda: any(map(is_ended, direct.messages)))
    await bot.finished()
    return direct.messages[-1]


async def test_its_buttons_work_there_by_the_rules_of_its_server() -> None:
    backend = GatedBackend()
    async with wonderland() as world, running_bot(world.discord, backend) as bot:
        message = await late_private_result(world, bot, backend)
        assert message.reactions == {}, "a reaction could not be told from those of one's own workspace"
        again = await world.ada.user.click(message, "Again")
        (await backend.next_run()).complete(" was there")
        await bot.finished()
        assert again.ephemeral
        assert "was there" in again.text
        assert len(await bot.requests(world.guild.id, world.general)) == 2


async def test_its_buttons_find_nothing_in_another_server() -> None:
    backend = GatedBackend()
    async with wonderland() as world, running_bot(world.discord, backend) as bot:
        message = await late_private_result(world, bot, backend)
        (again,) = [each for each in message.buttons if each.get("label") == "Again"]
        elsewhere = world.discord.add_guild("Elsewhere")
        square = elsewhere.add_channel("square")
        elsewhere.add_member(world.ada.user)
        data = {"custom_id": again["custom_id"], "component_type": 2, "id": again["id"]}
        refused = Shown(await ask(Asked.COMPONENT, world.ada.user, square, data, message))
        await bot.finished()
        assert refused.text.startswith("I no longer have that result")


async def test_who_was_denied_there_is_denied_here() -> None:
    backend = GatedBackend()
    async with wonderland() as world, running_bot(world.discord, backend) as bot:
        message = await late_private_result(world, bot, backend)
        role = world.guild.add_role("Noisy")
        world.ada.give(role)
        await world.admin.slash(world.general, "config role deny", role=role)
        await bot.finished()
        refused = await world.ada.user.click(message, "Again")
        await bot.finished()
        assert refused.text == "An admin has turned Inkling off for you here."


@pytest.mark.parametrize("what", ["message", "thread", "channel"])
async def test_what_nobody_can_see_is_not_written_on(what: str) -> None:
    backend = GatedBackend()
    async with wonderland() as world, running_bot(world.discord, backend) as bot:
        await world.ada.slash(world.general, "complete", prompt="Once")
        run = await backend.next_run()
        message = await world.discord.until(world.newest)
        await world.discord.settle(0.2)
        if what == "message":
            await world.admin.delete(message)
        else:
            world.discord.world.remove_channel(world.thread if what == "thread" else world.general)
        run.say(" there was")
        await run.closed.wait()
        assert run.cancelled
        await bot.finished()
        (record,) = await bot.requests(world.guild.id, world.general)
        assert (record.status, record.error) == ("stopped", "stopped: its message was deleted")


async def test_one_deleted_sample_of_several_is_left_out() -> None:
    backend = GatedBackend()
    async with wonderland() as world, running_bot(world.discord, backend) as bot:
        await world.ada.slash(world.general, "complete", prompt="Once", samples=2)
        run = await backend.next_run()
        run.say(" a", sample=0)
        run.say(" b", sample=1)
        await world.discord.until(lambda: world.general.threads and len(world.answers) == 2)
        await world.discord.settle(0.2)
        first, second = world.answers
        await world.admin.delete(first)
        run.complete(" end")
        await bot.finished()
        assert world.answers == [second]
        assert is_ended(second)


async def test_a_message_too_old_to_edit_is_followed_by_a_new_one() -> None:
    backend = GatedBackend()
    async with wonderland() as world, running_bot(world.discord, backend) as bot:
        await world.ada.slash(world.general, "complete", prompt="Once")
        run = await backend.next_run()
        old = await world.discord.until(world.newest)
        await world.discord.settle(0.2)
        world.discord.advance(2 * 3600)
        old.late_edits = 10_000
        run.complete(" there was")
        await bot.finished()
        assert len(world.answers) == 2
        assert is_ended(world.answers[1])
        await world.ada.react(old, "🔁")
        run = await backend.next_run()
        run.complete(" more")
        await bot.finished()
        assert len(world.answers) == 3


async def test_the_thread_may_have_been_archived_meanwhile() -> None:
    async with wonderland() as world, running_bot(world.discord) as bot:
        (first,) = await world.asked()
        world.thread.archive()
        await world.ada.click(first, "Again")
        await bot.finished()
        assert len(world.answers) == 2
