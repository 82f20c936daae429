"""Many people at once, with trouble on the way: nothing is lost and nothing comes twice."""

from __future__ import annotations

import asyncio
from functools import partial

from tests.discord_world.parrot import parrot_in
from tests.fakes.discord_world import FakeDiscord, Shown
from tests.fakes.discord_world.people import Member
from tests.fakes.discord_world.places import Channel

COMMANDS, GUILDS = 60, 4


async def ask_in_turn(people: list[tuple[Member, Channel]], first: int) -> list[Shown]:
    shown = []
    for number in range(first, COMMANDS, len(people)):
        person, channel = people[number % len(people)]
        shown.append(await person.slash(channel, "repeat", words=f"word {number} ", times=2))
    return shown


async def disconnect_between(discord: FakeDiscord) -> None:
    """Each time some more has been answered."""
    for count in (10, 25, 40):
        await discord.until(partial(have_been_answered, discord, count))
        discord.gateway.drop()


def have_been_answered(discord: FakeDiscord, count: int) -> bool:
    return len(discord.ack_seconds) >= count


async def test_every_command_is_answered_once() -> None:
    async with FakeDiscord.open() as discord:
        guilds = [discord.add_guild(f"guild {number}") for number in range(GUILDS)]
        people = [(guild.add_member("Ada"), guild.add_channel()) for guild in guilds for _ in range(3)]
        async with parrot_in(discord):
            discord.faults.random(seed=7, rate=0.1, retry_after_s=0.02, with_errors=False)
            asking = [ask_in_turn(people, first) for first in range(len(people))]
            *answers, _ = await asyncio.gather(*asking, disconnect_between(discord))
            await discord.settle(0.2)
        shown = [each for some in answers for each in some or []]
        assert len({each.interaction.id for each in shown}) == COMMANDS
        for each in shown:
            assert each.message.thread is not None
            words = each.interaction.data["options"][0]["value"]
            assert [message.content for message in each.message.thread.messages] == [(words * 2).strip()]
        assert discord.gateway.resumes == 3
        assert discord.faults.struck
        assert discord.violations == []
