"""What one process began on Discord, the next one finishes in the same messages; old messages keep working."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backends.store.protocol import Store
from tests.fakes.discord_bot import running_bot
from tests.fakes.gated_backend import GatedBackend
from tests.fakes.wonderland import is_ended, wonderland
from tests.fakes.worlds import stored


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with stored(tmp_path / "inkling.db") as opened:
        yield opened


async def test_old_results_answer_to_buttons_reactions_and_menus(store: Store) -> None:
    async with wonderland() as world:
        async with running_bot(world.discord, store=store):
            (first,) = await world.asked()
        async with running_bot(world.discord, store=store) as bot:
            await world.bob.click(first, "Again")
            await bot.finished()
            await world.bob.react(first, "🔁")
            await bot.finished()
            await world.bob.context_menu(first, "Regenerate this")
            await bot.finished()
            more = await world.ada.click(first, "⋯ More")
            await bot.finished()
            await world.ada.click(more.message, "Same seed")
            await bot.finished()
        assert len(world.answers) == 5


async def test_a_form_opened_before_is_taken_after(store: Store) -> None:
    async with wonderland() as world:
        async with running_bot(world.discord, store=store):
            (first,) = await world.asked()
            form = await world.ada.click(first, "Vary")
        async with running_bot(world.discord, store=store) as bot:
            await world.ada.submit(form.modal, {"temperature": "1.5"})
            await bot.finished()
        assert len(world.answers) == 2


@pytest.mark.parametrize("samples", [1, 3])
async def test_what_was_being_written_goes_on_in_the_same_messages(store: Store, samples: int) -> None:
    async with wonderland() as world:
        backend = GatedBackend()
        async with running_bot(world.discord, backend, store):
            await world.ada.slash(world.general, "complete", prompt="Once", samples=samples)
            run = await backend.next_run()
            for sample in range(samples):
                run.say(" there was", sample=sample)
            await world.discord.until(lambda: world.general.threads and len(world.answers) == samples)
            await world.discord.settle()
        before = [message.id for message in world.answers]
        backend = GatedBackend(text=" there was a lamp")
        async with running_bot(world.discord, backend, store) as bot:
            await bot.finished()
        assert [message.id for message in world.answers] == before
        assert all("**Once** there was a lamp" in message.content for message in world.answers)
        assert all(is_ended(message) for message in world.answers)
        assert len(world.general.messages) == 1


async def test_an_end_that_could_not_be_shown_is_shown_after_the_next_start(store: Store) -> None:
    async with wonderland() as world:
        backend = GatedBackend()
        async with running_bot(world.discord, backend, store, patience_s=0.3) as bot:
            await world.ada.slash(world.general, "complete", prompt="Once")
            run = await backend.next_run()
            message = await world.discord.until(world.newest)
            await world.discord.settle()
            gate = world.discord.faults.hold("PATCH *messages*")
            run.complete(" there was")
            (record,) = await store.open_requests()
            await bot.core.jobs.wait(record.id)
        gate.open()
        world.discord.faults.clear()
        assert not is_ended(message)
        async with running_bot(world.discord, backend, store):
            await world.discord.until(lambda: is_ended(message))
        assert len(world.answers) == 1


async def test_a_private_result_is_finished_after_a_restart(store: Store) -> None:
    async with wonderland() as world:
        backend = GatedBackend()
        async with running_bot(world.discord, backend, store):
            shown = await world.ada.slash(world.general, "complete", prompt="Once", private=True)
            await backend.next_run()
            await world.discord.until(lambda: "Writing" in shown.text)
            await world.discord.settle()
        async with running_bot(world.discord, GatedBackend(text=" there was"), store) as bot:
            await bot.finished()
        assert "**Once** there was" in shown.text
        assert is_ended(shown.message)
        assert shown.followups == []


async def test_what_was_accepted_and_not_shown_is_shown_where_it_was_meant_to_be(store: Store) -> None:
    async with wonderland() as world:
        backend = GatedBackend()
        gate = world.discord.faults.hold("POST /channels/{channel_id}/messages")
        async with running_bot(world.discord, backend, store, patience_s=0.3):
            await world.ada.slash(world.general, "complete", prompt="Once")
            await backend.next_run()
            await world.discord.until(lambda: gate.held)
        world.discord.faults.clear()
        async with running_bot(world.discord, GatedBackend(text=" there was"), store) as bot:
            await bot.finished()
        assert len(world.general.messages) == 1
        assert is_ended(world.answers[0])


async def test_a_message_whose_answer_got_lost_with_the_process_says_the_end_at_last(store: Store) -> None:
    async with wonderland() as world:
        backend = GatedBackend()
        world.discord.faults.drop("POST *threads", times=4)
        async with running_bot(world.discord, backend, store):
            await world.ada.slash(world.general, "complete", prompt="Once")
            await backend.next_run()
            await world.discord.settle()
            (root,) = world.general.messages
            world.discord.faults.drop("POST /channels/{channel_id}/messages", times=4, after_effect=True)
            backend.runs[0].say(" there")
            message = await world.discord.until(world.newest)
            await world.discord.until(lambda: len(world.discord.faults.struck) == 8)
            world.discord.faults.drop("POST /channels/{channel_id}/messages", times=4)
            backend.runs[0].complete(" was")
            await world.discord.until(lambda: len(world.discord.faults.struck) == 12)
        async with running_bot(world.discord, backend, store):
            await world.discord.until(lambda: is_ended(message))
        assert world.answers == [message]
        assert "**Once** there was\n" in message.content
        assert is_ended(message)
        assert world.general.messages == [root]


async def test_commands_are_told_to_discord_only_when_they_differ(store: Store) -> None:
    async with wonderland() as world:
        for _ in range(3):
            async with running_bot(world.discord, store=store):
                pass
        puts = [each for each in world.discord.rest.requests if each.route.startswith("PUT /applications")]
        assert len(puts) == 1
        async with running_bot(world.discord, store=store, discord_changes={"sync_commands": False}):
            pass
