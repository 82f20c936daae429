"""A whole story on Slack with the real engine and a real model, and a restart in the middle."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from platformdirs import user_cache_dir

from backends.local import LocalBackend
from config.settings import LocalBackendSettings
from tests.fakes.slack_bot import running_bot
from tests.fakes.slack_world import Message
from tests.fakes.slackland import Slackland, body, button, is_ended, slackland, small
from tests.fakes.worlds import stored

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

WRITTEN_WITHIN_S = 120.0
LONG = 4000
"""Tokens that take the engine far longer than somebody needs to stop them."""
PROMPT = "Once upon a time there was a lighthouse keeper who"


@pytest.fixture
async def backend(tmp_path: Path) -> AsyncIterator[LocalBackend]:
    settings = LocalBackendSettings(model="smollm2-135m", threads=2)
    local = LocalBackend("local", settings, Path(user_cache_dir("inkling")), tmp_path)
    yield local
    await local.aclose()


def seed_of(message: Message) -> str:
    return str(re.findall(r"seed (\d+)", small(message)[-1])[0])


async def ended(world: Slackland, count: int) -> None:
    await world.slack.until(lambda: world.ended(count), WRITTEN_WITHIN_S)


async def test_a_story(tmp_path: Path, backend: LocalBackend) -> None:
    async with slackland() as world, stored(tmp_path / "inkling.db") as store:
        async with running_bot(world.slack, world.team, backend, store):
            await world.ada.slash(world.general, "/complete", f"-n 3 --length 24 --seed 5 -- {PROMPT}")
            await ended(world, 3)
            answers = world.answers
            assert len({body(message) for message in answers}) == 3
            assert all("24 tokens" in small(message)[-1] for message in answers)
            assert all("smollm2-135m" in small(message)[-1] for message in answers)
            await world.ada.click(answers[1], button(answers[1], "Pick this"))
            await ended(world, 6)
        async with running_bot(world.slack, world.team, backend, store, max_length=LONG) as bot:
            await world.bob.react(answers[0], "repeat")
            await ended(world, 9)
            more = await world.ada.click(answers[0], button(answers[0], "More"))
            menu = await world.slack.until(lambda: more.message)
            await world.ada.click(menu, button(menu, "Same seed"))
            await ended(world, 12)
            for first, again in zip(answers, world.answers[9:12], strict=True):
                assert (seed_of(first), body(first)) == (seed_of(again), body(again))
            varied = world.answers[3]
            clicked = await world.ada.click(varied, button(varied, "Vary"))
            form = await world.slack.until(lambda: clicked.view)
            await world.ada.submit(form, {"temperature": "0", "others": "samples=1"})
            await ended(world, 13)
            assert "temperature 0" in small(world.answers[12])[0]
            before = len(world.general.roots)
            await world.ada.slash(world.general, "/complete", f"--length {LONG} --temperature 0 -- {PROMPT}")
            running = await world.slack.until(lambda: world.newest(before + 1), WRITTEN_WITHIN_S)
            assert running.streaming
            await world.ada.click(world.root, button(world.root, "Stop"))
            await world.slack.until(lambda: is_ended(running), WRITTEN_WITHIN_S)
            assert "stopped by @Ada" in small(running)[-1]
            await bot.finished()
