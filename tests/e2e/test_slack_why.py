"""📊 Why and /complete-explain on Slack: the real client against a protocol-level fake, in both modes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.explaining_backend import ExplainingBackend, SlowBackend
from tests.fakes.slack_bot import Mode, running_bot
from tests.fakes.slack_world.reading import visible_text
from tests.fakes.slackland import button, labels, slackland
from tests.fakes.worlds import stored


@pytest.fixture(params=["socket", "http"])
def mode(request: pytest.FixtureRequest) -> Mode:
    held: Mode = request.param
    return held


async def test_why_puts_the_picture_beside_the_result(mode: Mode) -> None:
    async with slackland() as world, running_bot(world.slack, world.team, ExplainingBackend(), mode=mode) as bot:
        (message,) = await world.asked()
        assert labels(message) == ["Again", "Continue", "Vary", "Why", "More"]
        shown = await world.bob.click(message, button(message, "Why"))
        await bot.finished()
        (file,) = world.answers[1].files
        assert file.content.startswith(b"\x89PNG")
        assert "31.0 % → 40.0 % → 60.0 % ← written" in shown.text
        more = await world.ada.click(message, button(message, "More"))
        menu = await world.slack.until(lambda: more.message)
        await world.ada.click(menu, button(menu, "Delete"))
        await bot.finished()
        assert file.deleted


async def test_old_results_are_explained_after_a_restart(tmp_path: Path) -> None:
    async with slackland() as world, stored(tmp_path / "inkling.db") as store:
        async with running_bot(world.slack, world.team, ExplainingBackend(), store):
            (message,) = await world.asked()
        async with running_bot(world.slack, world.team, ExplainingBackend(), store) as bot:
            await world.ada.click(message, button(message, "Why"))
            await bot.finished()
            assert len(world.answers[1].files) == 1


async def test_explain_as_a_command(mode: Mode) -> None:
    backend = ExplainingBackend()
    async with slackland() as world, running_bot(world.slack, world.team, backend, mode=mode) as bot:
        shown = await world.ada.slash(world.general, "/complete-explain", "--top-k 7 -- Once upon")
        await bot.finished()
        assert "The picture of it is in our direct messages." in shown.text
        assert backend.asked[0][0].options.top_k == 7


async def test_who_waits_for_an_explanation_is_told_why(mode: Mode) -> None:
    backend = SlowBackend()
    async with slackland() as world, running_bot(world.slack, world.team, backend, mode=mode) as bot:
        shown = await world.ada.slash(world.general, "/complete-explain", "x" * 1000)
        await world.slack.until(lambda: shown.messages)
        assert shown.text == "Reading 1,000 characters …"
        backend.go_on.set()
        await bot.finished()
        assert "The picture of it is in our direct messages." in visible_text(shown.messages[1])


async def test_another_token_is_chosen_and_gone_on_with(mode: Mode) -> None:
    async with slackland() as world, running_bot(world.slack, world.team, ExplainingBackend(), mode=mode) as bot:
        (message,) = await world.asked()
        await world.bob.click(message, button(message, "Why"))
        await bot.finished()
        await world.bob.choose(world.bob.sees()[-1], "In place of …", "3")
        await bot.finished()
        before = len(world.answers)
        await world.bob.choose(world.bob.sees()[-1], "Go on with …", "␣map · 12.5 %")
        await bot.finished()
        assert len(world.answers) == before + 1
