"""A whole story on Discord with the real engine and a real model, and a restart in the middle."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from platformdirs import user_cache_dir

from backends.local import LocalBackend
from config.settings import LocalBackendSettings
from tests.fakes.discord_bot import running_bot
from tests.fakes.wonderland import Wonderland, is_ended, wonderland
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


def body(text: str) -> str:
    return "\n".join(line for line in text.split("\n") if not line.startswith("-# "))


def seed_of(text: str) -> str:
    return re.findall(r"seed (\d+)", text)[0]


async def ended(world: Wonderland, count: int) -> None:
    await world.discord.until(lambda: world.ended(count), WRITTEN_WITHIN_S)


async def test_a_story(tmp_path: Path, backend: LocalBackend) -> None:
    async with wonderland() as world, stored(tmp_path / "inkling.db") as store:
        async with running_bot(world.discord, backend, store):
            await world.ada.slash(world.general, "complete", prompt=PROMPT, samples=3, length=24, seed=5)
            await ended(world, 3)
            answers = world.answers
            assert len({body(message.content) for message in answers}) == 3
            assert all("24 tokens" in message.content for message in answers)
            assert all("smollm2-135m" in message.content for message in answers)
            await world.ada.click(answers[1], "Pick this")
            await ended(world, 6)
        async with running_bot(world.discord, backend, store, max_length=LONG) as bot:
            await world.bob.react(answers[0], "🔁")
            await ended(world, 9)
            more = await world.ada.click(answers[0], "⋯ More")
            await world.discord.settle(0.2)
            await world.ada.click(more.message, "Same seed")
            await ended(world, 12)
            for first, again in zip(answers, world.answers[9:12], strict=True):
                assert seed_of(first.content) == seed_of(again.content)
                assert body(first.content) == body(again.content)
            form = await world.ada.click(world.answers[3], "Vary")
            await world.ada.submit(form.modal, {"temperature": "0", "others": "samples=1"})
            await ended(world, 13)
            assert "temperature 0" in world.answers[12].content
            await world.ada.slash(world.general, "complete", prompt=PROMPT, length=LONG, temperature=0)
            running = await world.discord.until(lambda: world.newest(threads=2), WRITTEN_WITHIN_S)
            await world.discord.until(lambda: len(body(running.content)) > len(f"**{PROMPT}**"), WRITTEN_WITHIN_S)
            await world.ada.click(running, "Stop")
            await world.discord.until(lambda: is_ended(running), WRITTEN_WITHIN_S)
            assert r"stopped by \@Ada" in running.content
            await world.ada.react(running, "🗑️")
            await world.discord.until(lambda: running.deleted)
            await bot.finished()
