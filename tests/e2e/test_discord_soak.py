"""Fifty people in ten servers, while Discord limits, fails and hangs up."""

from __future__ import annotations

import asyncio
import random
import statistics
from collections import Counter

import pytest

from backends.echo import EchoBackend
from backends.store.records import RequestRecord
from config.workspace import WorkspaceRef
from tests.fakes.discord_bot import Bot, running_bot
from tests.fakes.discord_world import FakeDiscord
from tests.fakes.discord_world.people import Member
from tests.fakes.discord_world.places import Channel
from tests.fakes.wonderland import LATEST_ACK_S, is_ended

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SERVERS, PEOPLE, COMMANDS = 10, 50, 500
SEED = 20260101


def populate(discord: FakeDiscord) -> list[tuple[Member, Channel]]:
    """Each person with a channel of their server; two share one."""
    people = []
    for server in range(SERVERS):
        guild = discord.add_guild(f"Server {server}")
        channels = [guild.add_channel(f"room-{number}") for number in range(3)]
        for number in range(PEOPLE // SERVERS):
            people += [(guild.add_member(f"Person {server}-{number}"), channels[number % 3])]
    return people


async def command(person: Member, channel: Channel, number: int) -> None:
    samples = 2 if number % 10 == 0 else 1
    await person.slash(channel, "complete", prompt=f"request {number} of many", length=8, samples=samples)


async def ask_everything(discord: FakeDiscord, people: list[tuple[Member, Channel]]) -> None:
    """Each person one after the other, all people at once."""

    async def one(index: int, person: Member, channel: Channel) -> None:
        for number in range(index, COMMANDS, PEOPLE):
            await command(person, channel, number)

    await asyncio.gather(*(one(index, *each) for index, each in enumerate(people)))


async def hang_up_now_and_then(discord: FakeDiscord, source: random.Random) -> None:
    while True:
        await asyncio.sleep(source.uniform(1, 4))
        discord.gateway.close(4000)


def all_answered(discord: FakeDiscord) -> bool:
    shown = [each.original for each in discord.world.interactions.values()]
    return all(message is not None and (message.deleted or not message.loading) for message in shown)


async def all_requests(bot: Bot, discord: FakeDiscord) -> list[RequestRecord]:
    found: list[RequestRecord] = []
    for guild in discord.world.guilds.values():
        for channel in guild.channels.values():
            found += await bot.store.recent(WorkspaceRef("discord", str(guild.id)), str(channel.id), 10_000)
    return found


def check_shown_once(discord: FakeDiscord, records: list[RequestRecord]) -> None:
    roots: Counter[str] = Counter()
    for guild in discord.world.guilds.values():
        for channel in guild.channels.values():
            roots.update(message.content.split("\n")[0].removeprefix("> ") for message in channel.messages)
            for thread in channel.threads:
                root = channel.held[thread.id]
                wanted = 2 if "2 samples" in root.content else 1
                assert len(thread.messages) == wanted, [each.content for each in thread.messages]
                assert all(is_ended(message) for message in thread.messages)
    assert roots == Counter(record.prompt for record in records)
    assert set(roots.values()) == {1}


async def test_five_hundred_commands_each_end_once(capsys: pytest.CaptureFixture[str]) -> None:
    async with FakeDiscord.open() as discord:
        people = populate(discord)
        limits = {"max_running": 8, "max_queued": COMMANDS}
        async with running_bot(discord, EchoBackend("echo", delay_s=0.01), **limits) as bot:
            discord.faults.random(SEED, 0.03, with_errors=False)
            discord.faults.random(SEED + 1, 0.02, "*/channels/*", with_errors=True, with_drops=True)
            trouble = asyncio.create_task(hang_up_now_and_then(discord, random.Random(SEED)))
            await ask_everything(discord, people)
            trouble.cancel()
            await discord.until(lambda: all_answered(discord), 240)
            await bot.finished()
            records = await all_requests(bot, discord)
            unshown = await bot.store.undelivered(records[0].created_at)
        assert [str(each) for each in discord.violations] == []
        assert Counter(record.status for record in records) == {"done": COMMANDS}
        assert unshown == ()
        check_shown_once(discord, records)
        acks = sorted(discord.ack_seconds)
        assert acks[-1] < LATEST_ACK_S
        cuts = statistics.quantiles(acks, n=100)
        faults = Counter(type_of(fault) for _, fault in discord.faults.struck)
        figures = f"acks {len(acks)}: p50 {cuts[49]:.3f} s, p99 {cuts[98]:.3f} s, most {acks[-1]:.3f} s; {dict(faults)}"
        with capsys.disabled():
            print(f"\n{figures}")  # noqa: T201  # The figures are what one runs it for.


def type_of(fault: object) -> str:
    for name in ("too_many", "dropped", "status", "delay_s"):
        if getattr(fault, name):
            return name
    return "none"
