"""Fifty people in ten workspaces, while Slack tells things twice, hangs up and asks to slow down."""

from __future__ import annotations

import asyncio
import random
import statistics
from collections import Counter

import pytest

from backends.echo import EchoBackend
from backends.store.records import RequestRecord
from bots.slack_bot.workspaces import workspace_of
from tests.fakes.slack_bot import Bot, Mode, running_bot
from tests.fakes.slack_world import Channel, FakeSlack, NoAnswer, RateLimits, Shown, User
from tests.fakes.slackland import LATEST_ACK_S, body, is_ended

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

WORKSPACES, PEOPLE, COMMANDS = 10, 50, 500
SEED = 20260101


async def populate(slack: FakeSlack, bot: Bot) -> list[tuple[User, Channel]]:
    """Each person with a channel of their workspace; two share one."""
    people = []
    for number in range(WORKSPACES):
        team = slack.add_workspace(f"Workspace {number}", installed=False)
        owner = team.add_user(f"Owner {number}", owner=True)
        await owner.install(f"{bot.url}/slack/install")
        channels = [team.add_channel(f"room-{each}") for each in range(3)]
        for each in range(PEOPLE // WORKSPACES):
            people += [(team.add_user(f"Person {number}-{each}"), channels[each % 3])]
    return people


async def ask_everything(slack: FakeSlack, people: list[tuple[User, Channel]]) -> list[str]:
    """Each person one after the other, all people at once; the prompts of commands that were acknowledged."""
    source, taken = random.Random(SEED), []

    async def one(index: int, person: User, channel: Channel) -> None:
        for number in range(index, COMMANDS, PEOPLE):
            prompt = f"request {number} of many"
            flags = f"-n {2 if number % 10 == 0 else 1} --length 8 -- {prompt}"
            if await asked(slack, person, channel, flags, again=source.random() < 0.1):
                taken.append(prompt)

    await asyncio.gather(*(one(index, *each) for index, each in enumerate(people)))
    return taken


async def asked(slack: FakeSlack, person: User, channel: Channel, flags: str, again: bool) -> bool:
    """Now and then Slack tells of it twice. Without a connection just then, people see that nobody answers."""
    try:
        shown: Shown = await person.slash(channel, "/complete", flags)
    except NoAnswer:
        return False
    if again and slack.socket.usable:
        slack_again = asyncio.create_task(slack.redeliver(shown))
        await asyncio.wait({slack_again}, timeout=5)
    return True


async def hang_up_now_and_then(slack: FakeSlack, source: random.Random) -> None:
    while True:
        await asyncio.sleep(source.uniform(0.3, 1.5))
        if source.random() < 0.5:
            await slack.socket.disconnect()
        else:
            slack.socket.drop()


async def all_requests(bot: Bot, slack: FakeSlack) -> list[RequestRecord]:
    found: list[RequestRecord] = []
    for team in slack.world.workspaces.values():
        for channel in team.channels.values():
            found += await bot.store.recent(workspace_of(team.id), channel.id, 10_000)
    return found


def check_shown_once(slack: FakeSlack, records: list[RequestRecord]) -> None:
    roots: Counter[str] = Counter()
    wanted = {record.prompt: record.options.samples for record in records}
    for team in slack.world.workspaces.values():
        for channel in team.channels.values():
            for root in channel.roots:
                roots[body(root)] += 1
                assert [is_ended(each) for each in root.thread] == [True] * wanted[body(root)]
    assert roots == Counter(record.prompt for record in records)
    assert set(roots.values()) == {1}


@pytest.mark.parametrize("mode", ["socket", "http"])
async def test_five_hundred_commands_each_end_once(mode: Mode, capsys: pytest.CaptureFixture[str]) -> None:
    limits = RateLimits(enforced=True, times=20)
    async with FakeSlack.open(limits=limits) as slack:
        backend = EchoBackend("echo", delay_s=0.01)
        async with running_bot(slack, None, backend, mode=mode, max_running=8, max_queued=COMMANDS) as bot:
            people = await populate(slack, bot)
            slack.faults.random(SEED, 0.04, with_errors=False, retry_after_s=1)
            source = random.Random(SEED)
            trouble = asyncio.create_task(hang_up_now_and_then(slack, source)) if mode == "socket" else None
            taken = await ask_everything(slack, people)
            if trouble is not None:
                trouble.cancel()
            await bot.finished()
            records = await all_requests(bot, slack)
            unshown = await bot.store.undelivered(records[0].created_at)
        assert [str(each) for each in slack.violations] == []
        assert Counter(record.status for record in records) == {"done": len(records)}
        assert {record.prompt for record in records} >= set(taken)
        assert len({record.prompt for record in records}) == len(records) >= COMMANDS * 0.9
        assert unshown == ()
        check_shown_once(slack, records)
        acks = sorted(slack.ack_seconds)
        assert acks[-1] < LATEST_ACK_S
        cuts = statistics.quantiles(acks, n=100)
        slowed = sum(each.status == 429 for each in slack.requests)
        with capsys.disabled():
            print(  # noqa: T201  # The figures are what one runs it for.
                f"\n{mode}: {len(records)} requests, acks {len(acks)}: p50 {cuts[49]:.3f} s, p99 {cuts[98]:.3f} s, "
                f"most {acks[-1]:.3f} s; {slowed} times asked to slow down, {slack.socket.hellos} connections"
            )
