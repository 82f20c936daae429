"""The web chat, Discord and Slack through the deployed template: partial text is seen before the end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from backends.aws.backend import AwsBackend
from tests.fakes import slack_bot
from tests.fakes.aws_stack import AwsStack
from tests.fakes.browser import needs_chromium, open_browser
from tests.fakes.completions import WORDS
from tests.fakes.discord_bot import running_bot
from tests.fakes.page import serve_page
from tests.fakes.slackland import body, slackland
from tests.fakes.wonderland import is_ended, wonderland
from tests.fakes.worlds import stored

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("keys"), pytest.mark.timeout(300)]
WITHIN_S = 60.0
LENGTH = 40
"""Words that take longer than a front waits between two edits."""
PROMPT = "Once upon a time"


@pytest.fixture
async def backend(stack: AwsStack) -> AsyncIterator[AwsBackend]:
    usual, stack.writer.delay_s = stack.writer.delay_s, 0.15
    backend = stack.backend()
    yield backend
    await backend.aclose()
    stack.writer.delay_s = usual


def words(text: str) -> int:
    return sum(word in WORDS for word in text.split())


@pytest.mark.browser
@needs_chromium
async def test_the_page(backend: AwsBackend) -> None:
    async with serve_page(backend) as client, open_browser(client.url) as browser:
        page = browser.page
        await page.locator("#text").focus()
        await page.keyboard.type(f"/complete length={LENGTH} {PROMPT}")
        await page.keyboard.press("Enter")
        written = page.locator(".completion")
        await expect(written).not_to_be_empty(timeout=WITHIN_S * 1000)
        await expect(page.locator(".story .cursor")).to_be_visible()
        assert 0 < words(await written.inner_text()) < LENGTH
        await expect(page.locator(".footer")).to_contain_text(f"{LENGTH} tokens", timeout=WITHIN_S * 1000)
        assert words(await written.inner_text()) == LENGTH
        browser.assert_clean()


async def test_discord(backend: AwsBackend, tmp_path: Path) -> None:
    async with wonderland() as world, stored(tmp_path / "bot.db") as store, running_bot(world.discord, backend, store):
        await world.ada.slash(world.general, "complete", prompt=PROMPT, length=LENGTH, seed=5)
        running = await world.discord.until(lambda: world.newest(), WITHIN_S)
        await world.discord.until(lambda: words(running.content), WITHIN_S)
        assert words(running.content) < LENGTH
        assert not is_ended(running)
        await world.discord.until(lambda: is_ended(running), WITHIN_S)
        assert words(running.content) == LENGTH
        assert "seed 5" in running.content


async def test_slack(backend: AwsBackend, tmp_path: Path) -> None:
    async with (
        slackland() as world,
        stored(tmp_path / "bot.db") as store,
        slack_bot.running_bot(world.slack, world.team, backend, store),
    ):
        await world.ada.slash(world.general, "/complete", f"--length {LENGTH} --seed 5 -- {PROMPT}")
        running = await world.slack.until(lambda: world.newest(), WITHIN_S)
        await world.slack.until(lambda: words(running.markdown), WITHIN_S)
        assert running.streaming
        assert words(running.markdown) < LENGTH
        await world.slack.until(lambda: world.ended(), WITHIN_S)
        assert words(body(world.answers[-1])) == LENGTH
