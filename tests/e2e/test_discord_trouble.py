"""Discord limits, fails, hangs up and repeats itself; each result is still shown once."""

from __future__ import annotations

import asyncio

import pytest

from config.workspace import WorkspaceRef
from tests.fakes.discord_bot import running_bot
from tests.fakes.discord_world import Permission
from tests.fakes.failing_store import HangingStore
from tests.fakes.gated_backend import GatedBackend
from tests.fakes.wonderland import is_ended, wonderland
from tests.fakes.worlds import stored

SEND = "POST /channels/{channel_id}/messages"
EDIT = "PATCH /channels/{channel_id}/messages/{message_id}"
ACK = "POST /interactions*"


@pytest.mark.parametrize("route", [SEND, EDIT, "POST *threads", ACK, "DELETE /webhooks*", "PUT *reactions*"])
@pytest.mark.parametrize("trouble", ["limit", "error", "lost", "half lost", "broken", "half broken"])
async def test_one_bad_answer_changes_nothing(route: str, trouble: str) -> None:
    async with wonderland() as world, running_bot(world.discord) as bot:
        faults = world.discord.faults
        {
            "limit": lambda: faults.rate_limit(route, retry_after_s=0.2),
            "error": lambda: faults.server_error(route),
            "half lost": lambda: faults.server_error(route, after_effect=True),
            "lost": lambda: faults.server_error(route, status=500),
            "broken": lambda: faults.drop(route),
            "half broken": lambda: faults.drop(route, after_effect=True),
        }[trouble]()
        (answer,) = await world.asked()
        await bot.finished()
        assert faults.struck
        assert is_ended(answer)
        assert len(world.general.messages) == 1
        assert len(world.answers) == 1


async def test_an_interaction_told_twice_is_one_result() -> None:
    async with wonderland() as world, running_bot(world.discord) as bot:
        shown = await world.ada.slash(world.general, "complete", prompt="Once", length=3)
        world.discord.world.emit("INTERACTION_CREATE", shown.interaction.payload(), world.guild)
        await bot.finished()
        world.discord.world.emit("INTERACTION_CREATE", shown.interaction.payload(), world.guild)
        await bot.finished()
        assert len(world.general.messages) == 1
        assert len(await bot.requests(world.guild.id, world.general)) == 1


@pytest.mark.parametrize("how", ["closed", "dropped", "reconnect", "invalid"])
async def test_the_connection_comes_back(how: str) -> None:
    backend = GatedBackend()
    async with wonderland() as world, running_bot(world.discord, backend) as bot:
        gateway = world.discord.gateway
        await world.ada.slash(world.general, "complete", prompt="Once")
        run = await backend.next_run()
        before = list(gateway.connections)
        act = {
            "closed": gateway.close,
            "dropped": gateway.drop,
            "reconnect": gateway.ask_to_reconnect,
            "invalid": gateway.invalidate,
        }[how]
        act()
        run.complete(" there was")
        await world.discord.until(lambda: world.ended())
        await world.discord.until(lambda: any(each.session and each not in before for each in gateway.connections), 30)
        await world.bob.click(world.answers[0], "Again")
        (await backend.next_run()).complete(" again")
        await bot.finished()
        assert len(world.answers) == 2


async def test_each_shard_has_its_servers() -> None:
    async with wonderland() as world:
        world.discord.world.shards = 3
        others = [world.discord.add_guild(f"Server {number}") for number in range(6)]
        rooms = [(guild.add_channel("room"), guild.add_member("Cy")) for guild in others]
        # Less than all three take, five seconds apart: each has its own time.
        async with running_bot(world.discord, connect_within_s=8) as bot:
            assert len(world.discord.gateway.connections) == 3
            for room, person in rooms:
                await person.slash(room, "complete", prompt="Once", length=3)
            await bot.finished()
            for guild, (room, _) in zip(others, rooms, strict=True):
                assert is_ended(room.threads[0].messages[0])
                assert len(await bot.store.recent(WorkspaceRef("discord", str(guild.id)), str(room.id), 9)) == 1


async def test_being_shown_the_door_ends_the_work() -> None:
    backend = GatedBackend()
    async with wonderland() as world, running_bot(world.discord, backend) as bot:
        await world.ada.slash(world.general, "complete", prompt="Once")
        run = await backend.next_run()
        await world.discord.until(world.newest)
        await world.discord.settle(0.2)
        world.discord.world.remove_bot(world.guild)
        run.say(" there was")
        await run.closed.wait()
        assert run.cancelled
        (record,) = await bot.requests(world.guild.id, world.general)
        await bot.core.jobs.wait(record.id)
        assert (await bot.store.request(record.id)).status == "stopped"  # type: ignore[union-attr]


async def test_updates_grow_rarer_when_discord_is_slow() -> None:
    backend = GatedBackend()
    async with wonderland() as world, running_bot(world.discord, backend) as bot:
        await world.ada.slash(world.general, "complete", prompt="Once")
        run = await backend.next_run()
        message = await world.discord.until(world.newest)
        world.discord.faults.delay(EDIT, times=1, seconds=1.0)
        run.say(" one")
        await world.discord.until(lambda: "one" in message.content)
        edited = asyncio.get_running_loop().time()
        run.say(" two")
        await world.discord.until(lambda: "two" in message.content)
        assert asyncio.get_running_loop().time() - edited > 2.5
        run.finish()
        run.end()
        await bot.finished()


async def test_locked_threads_get_a_private_answer() -> None:
    async with wonderland() as world, running_bot(world.discord) as bot:
        (first,) = await world.asked()
        world.thread.archive(locked=True)
        shown = await world.ada.click(first, "Again")
        await bot.finished()
        assert any(each.ephemeral for each in shown.followups)
        assert len(world.answers) == 1


async def test_missing_history_costs_only_the_reference() -> None:
    async with wonderland() as world, running_bot(world.discord) as bot:
        (first,) = await world.asked()
        world.general.overwrite(world.guild.me, deny=Permission.READ_MESSAGE_HISTORY)
        await world.ada.click(first, "Again")
        await bot.finished()
        assert is_ended(world.answers[1])


@pytest.mark.parametrize("button", ["Vary", "Again", "⋯ More"])
async def test_a_store_that_hangs_holds_up_no_acknowledgement(button: str) -> None:
    async with wonderland() as world, stored() as real:
        store = HangingStore(real)
        async with running_bot(world.discord, store=store) as bot:  # type: ignore[arg-type]
            (first,) = await world.asked()
            await bot.finished()
            store.hanging = {"request"}
            shown = await world.ada.click(first, button)
            if button == "Vary":
                await world.discord.until(lambda: not shown.loading)
                assert shown.text == "That took me too long; try again in a moment."
            store.release()
            await bot.finished()


async def test_a_button_of_another_version_is_told() -> None:
    async with wonderland() as world, running_bot(world.discord):
        (first,) = await world.asked()
        first.buttons[0]["custom_id"] = "inkling:sing:01ABC:0"
        shown = await world.ada.click(first, "Again")
        await world.discord.settle(0.2)
        assert shown.text == "That is from another version of me, and I don't know it any more."
