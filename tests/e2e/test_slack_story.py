"""A story on Slack, from its first command on: the real client against a protocol-level fake, in both modes."""

from __future__ import annotations

import re

import pytest

from tests.fakes.slack_bot import Mode, running_bot
from tests.fakes.slackland import body, labels, slackland, small

MODES: tuple[Mode, ...] = ("socket", "http")


@pytest.mark.parametrize("mode", MODES)
async def test_three_samples_in_a_thread_of_their_root(mode: Mode) -> None:
    async with slackland() as world, running_bot(world.slack, world.team, mode=mode) as bot:
        await world.asked("--samples 3 --seed 7")
        await bot.finished()
        root, answers = world.root, world.answers
        assert body(root) == "Once upon a time"
        heading = "3 samples · temperature 0.8 · top_p 0.95 · top_k 40 · length 5 · for @Ada"
        assert small(root) == [heading]
        assert labels(root) == []
        assert [small(message)[0] for message in answers] == ["1/3", "2/3", "3/3"]
        assert all(body(message).startswith("Once upon a time") for message in answers)
        assert len({body(message) for message in answers}) == 3
        assert [re.findall(r"seed (\d+)", small(message)[-1]) for message in answers] == [["7"], ["8"], ["9"]]
        assert all(small(message)[-1].endswith("stopped at length") for message in answers)
        assert all(world.team.bot in message.reactions["repeat"] for message in answers)
        for message in answers:
            assert labels(message) == ["Again", "Pick this", "Vary", "More"]
