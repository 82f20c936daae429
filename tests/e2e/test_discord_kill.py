"""The bot is killed while fifty commands are open; the next one ends each of them, once, where people wait for it."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from backends.store.protocol import Store
from tests.fakes.discord_bot import LONG_AGO
from tests.fakes.discord_world import FakeDiscord, NoAnswer
from tests.fakes.discord_world.people import Member
from tests.fakes.discord_world.places import Channel, Thread
from tests.fakes.wonderland import is_ended
from tests.fakes.worlds import stored

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

COMMANDS = 50
SERVERS = 10


@asynccontextmanager
async def started(database: Path, discord: FakeDiscord) -> AsyncIterator[asyncio.subprocess.Process]:
    """A bot that is connected; killed at the end."""
    root = Path(__file__).parents[2]
    arguments = (str(database), discord.api_url, discord.gateway_url, discord.token)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.fakes.doomed_discord_bot", *arguments, cwd=root
    )
    try:
        await discord.until(lambda: any(each.session for each in discord.gateway.connections), 30)
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.wait()


async def until_all_shown(store: Store) -> None:
    async with asyncio.timeout(60):
        while await store.open_requests() or await store.undelivered(LONG_AGO):  # noqa: ASYNC110
            await asyncio.sleep(0.05)  # It is the other process that writes.


def populate(discord: FakeDiscord) -> list[tuple[Member, Channel]]:
    people = []
    for server in range(SERVERS):
        guild = discord.add_guild(f"Server {server}")
        channels = [guild.add_channel(f"room-{number}") for number in range(3)]
        for number in range(COMMANDS // SERVERS):
            people += [(guild.add_member(f"Person {server}-{number}"), channels[number % 3])]
    return people


async def ask(person: Member, channel: Channel, number: int) -> bool:
    """Whether it was answered in time."""
    samples = 2 if number % 5 == 0 else 1
    try:
        await person.slash(channel, "complete", prompt=f"request {number} of many", length=30, seed=1, samples=samples)
    except NoAnswer:
        return False
    return True


def threads(people: list[tuple[Member, Channel]]) -> list[Thread]:
    channels = {id(channel): channel for _, channel in people}
    return [thread for channel in channels.values() for thread in channel.threads]


def ended(people: list[tuple[Member, Channel]]) -> int:
    return sum(bool(each.messages) and all(map(is_ended, each.messages)) for each in threads(people))


def roots(people: list[tuple[Member, Channel]]) -> Counter[str]:
    channels = {id(channel): channel for _, channel in people}
    return Counter(message.content.split("\n")[0] for each in channels.values() for message in each.messages)


@pytest.mark.parametrize("ends_before", [0, 10])
async def test_each_command_ends_once(tmp_path: Path, ends_before: int) -> None:
    database = tmp_path / "inkling.db"
    async with FakeDiscord.open() as discord:
        people = populate(discord)
        async with started(database, discord) as process:
            asking = [asyncio.create_task(ask(*each, number)) for number, each in enumerate(people)]
            await discord.until(lambda: len(roots(people)) >= 40 and ended(people) >= ends_before, 60)
            process.send_signal(signal.SIGKILL)
            await process.wait()
            answered = await asyncio.gather(*asking)
        async with stored(database) as store:
            open_before = await store.open_requests()
        assert len(open_before) >= 20
        async with started(database, discord), stored(database) as store:
            await discord.until(lambda: ended(people) == len(threads(people)) >= len(open_before), 120)
            await until_all_shown(store)
        check_each_once(people, sum(answered))
        assert waiting_answers(discord) <= sum(answered) - len(roots(people))
        assert [str(each) for each in discord.violations] == []


def waiting_answers(discord: FakeDiscord) -> int:
    """Commands that still seem to be thought about: at most those that were not accepted yet."""
    answers = [each.original for each in discord.world.interactions.values() if each.original]
    return sum(answer.loading and not answer.deleted for answer in answers)


def check_each_once(people: list[tuple[Member, Channel]], most: int) -> None:
    assert set(roots(people).values()) == {1}
    assert len(roots(people)) <= most
    for thread in threads(people):
        assert thread.parent is not None
        wanted = 2 if "2 samples" in thread.parent.held[thread.id].content else 1
        assert [is_ended(message) for message in thread.messages] == [True] * wanted
