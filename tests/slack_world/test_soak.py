"""Many people at once, with trouble on the way: nothing is lost and no acknowledgement is late."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler

from tests.fakes.slack_world import Channel, FakeSlack, Shown, User
from tests.slack_world.parrot import parrot_by_http, parrot_in

COMMANDS, CHANNELS, PEOPLE = 60, 4, 12


async def ask_in_turn(person: User, channel: Channel, first: int) -> list[Shown]:
    return [await person.slash(channel, "/repeat", f"word {number} ") for number in range(first, COMMANDS, PEOPLE)]


async def refresh_between(slack: FakeSlack) -> None:
    """Each time some more were acknowledged; where there are connections."""
    for count in (10, 25, 40):
        await slack.until(lambda count=count: len(slack.ack_seconds) >= count)
        if not (hellos := slack.socket.hellos):
            return
        await slack.socket.refresh()
        await slack.until(lambda hellos=hellos: slack.socket.hellos > hellos)


@pytest.mark.parametrize("mode", [parrot_in, parrot_by_http])
async def test_every_command_is_answered_once(mode: Any) -> None:
    async with FakeSlack.open() as slack:
        team = slack.add_workspace()
        channels = [team.add_channel(f"room-{number}") for number in range(CHANNELS)]
        people = [team.add_user(f"Person {number}") for number in range(PEOPLE)]
        async with mode(slack, team) as app:
            app.client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=3))
            slack.faults.random(seed=7, rate=0.1, pattern="chat.*", with_errors=False)
            asking = [ask_in_turn(each, channels[first % CHANNELS], first) for first, each in enumerate(people)]
            *answers, _ = await asyncio.gather(*asking, refresh_between(slack))
            shown = [each for some in answers for each in some or []]
            await slack.until(lambda: all(each.text for each in shown), 20)
            await slack.settle()
        said = sorted(root.text for channel in channels for root in channel.roots)
        assert said == sorted(f"word {number}" for number in range(COMMANDS))
        assert len({each.delivery.payload["trigger_id"] for each in shown}) == COMMANDS
        assert slack.faults.struck
        assert slack.violations == []
        assert max(slack.ack_seconds) < 3
