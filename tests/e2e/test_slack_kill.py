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
from backends.store.records import RequestRecord
from bots.slack_bot.workspaces import workspace_of
from tests.fakes.slack_bot import LONG_AGO
from tests.fakes.slack_world import Channel, FakeSlack, Message, NoAnswer, User, Workspace
from tests.fakes.slackland import body, is_ended
from tests.fakes.worlds import stored

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

COMMANDS, CHANNELS = 50, 10


@asynccontextmanager
async def started(database: Path, slack: FakeSlack, team: Workspace) -> AsyncIterator[asyncio.subprocess.Process]:
    """A bot that is connected; killed at the end."""
    arguments = (str(database), slack.api_url, slack.app_token, team.bot_token)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.fakes.doomed_slack_bot", *arguments, cwd=Path(__file__).parents[2]
    )
    try:
        await slack.until(lambda: slack.socket.usable, 30)
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.wait()


async def ask(person: User, channel: Channel, number: int) -> bool:
    """Whether it was acknowledged in time."""
    samples = 2 if number % 5 == 0 else 1
    try:
        flags = f"-n {samples} --length 30 --seed 1 -- request {number} of many"
        await person.slash(channel, "/complete", flags)
    except NoAnswer:
        return False
    return True


def roots(channels: list[Channel]) -> list[Message]:
    return [each for channel in channels for each in channel.roots]


def ended(channels: list[Channel]) -> int:
    return sum(any(map(is_ended, root.thread)) for root in roots(channels))


async def all_requests(database: Path, team: Workspace, channels: list[Channel]) -> list[RequestRecord]:
    async with stored(database) as store:
        return [
            record for channel in channels for record in await store.recent(workspace_of(team.id), channel.id, 1000)
        ]


async def all_shown(store: Store) -> None:
    """Another process writes the file: nothing tells when."""
    async with asyncio.timeout(120):
        while True:
            if not await store.open_requests() and not await store.undelivered(LONG_AGO):
                return
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("ends_before", [0, 10])
async def test_each_command_ends_once(tmp_path: Path, ends_before: int, capsys: pytest.CaptureFixture[str]) -> None:
    database = tmp_path / "inkling.db"
    async with FakeSlack.open() as slack:
        team = slack.add_workspace("Wonderland")
        people = [team.add_user(f"Person {number}") for number in range(COMMANDS)]
        channels = [team.add_channel(f"room-{number}") for number in range(CHANNELS)]
        async with started(database, slack, team) as process:
            asking = [
                asyncio.create_task(ask(person, channels[number % CHANNELS], number))
                for number, person in enumerate(people)
            ]
            await slack.until(lambda: len(roots(channels)) >= 40 and ended(channels) >= ends_before, 60)
            process.send_signal(signal.SIGKILL)
            await process.wait()
            answered = sum(await asyncio.gather(*asking))
        before = await all_requests(database, team, channels)
        open_before = [record for record in before if record.is_open]
        assert len(open_before) >= 20
        async with started(database, slack, team), stored(database) as store:
            await all_shown(store)
            await slack.settle()
        after = await all_requests(database, team, channels)
        strays = check_each_once(after, channels)
        assert len(after) == len(before) <= answered
        assert [str(each) for each in slack.violations] == []
        with capsys.disabled():
            print(f"\nkilled with {len(open_before)} open: {len(after)} ended once; {strays} strays")  # noqa: T201


def check_each_once(records: list[RequestRecord], channels: list[Channel]) -> int:
    """Every request ended once in the store and in one thread; returns how many messages nobody remembers."""
    assert Counter(record.status for record in records) == {"done": len(records)}
    finals: Counter[str] = Counter()
    strays = 0
    for root in roots(channels):
        whole = [message for message in root.thread if is_ended(message)]
        strays += len(root.thread) - len(whole) + (not whole)
        if whole:
            finals[body(root)] += 1
    assert finals == Counter(record.prompt for record in records)
    return strays
