"""📊 Why and /explain on Discord: the real client against a protocol-level fake."""

from __future__ import annotations

from pathlib import Path

from tests.fakes.discord_bot import running_bot
from tests.fakes.explaining_backend import ExplainingBackend, SlowBackend
from tests.fakes.wonderland import wonderland
from tests.fakes.worlds import stored


async def test_why_gives_a_picture_and_its_words_to_the_one_who_asked() -> None:
    async with wonderland() as world, running_bot(world.discord, ExplainingBackend()) as bot:
        (message,) = await world.asked()
        assert [button["label"] for button in message.buttons] == ["Again", "Continue", "Vary", "Why", "⋯ More"]
        shown = await world.bob.click(message, "Why")
        await bot.finished()
        assert shown.ephemeral
        (picture,) = shown.message.attachments
        assert picture.content.startswith(b"\x89PNG")
        assert picture.description.startswith("What could come after")
        assert "31.0 % → 40.0 % → 60.0 % ← written" in shown.message.content
        assert len(world.answers) == 1


async def test_old_results_are_explained_after_a_restart(tmp_path: Path) -> None:
    async with wonderland() as world, stored(tmp_path / "inkling.db") as store:
        async with running_bot(world.discord, ExplainingBackend(), store):
            (message,) = await world.asked()
        async with running_bot(world.discord, ExplainingBackend(), store) as bot:
            shown = await world.ada.click(message, "Why")
            await bot.finished()
            assert len(shown.message.attachments) == 1


async def test_explain_as_a_command() -> None:
    backend = ExplainingBackend()
    async with wonderland() as world, running_bot(world.discord, backend) as bot:
        shown = await world.ada.slash(world.general, "explain", prompt="Once upon", top_k=7)
        await bot.finished()
        assert shown.ephemeral
        assert len(shown.message.attachments) == 1
        assert backend.asked[0][0].options.top_k == 7


async def test_who_waits_for_an_explanation_is_told_why_in_its_place() -> None:
    backend = SlowBackend()
    async with wonderland() as world, running_bot(world.discord, backend) as bot:
        shown = await world.ada.slash(world.general, "explain", prompt="x" * 1000)
        sentence = "Reading 1,000 characters …"
        await world.discord.until(lambda: not shown.loading and shown.text == sentence)
        backend.go_on.set()
        await bot.finished()
        assert len(shown.message.attachments) == 1
        assert shown.text.startswith("What could come after")
        assert shown.followups == []


async def test_a_backend_that_cannot_tell_has_no_button() -> None:
    async with wonderland() as world, running_bot(world.discord) as bot:
        (message,) = await world.asked()
        assert "Why" not in [button["label"] for button in message.buttons]
        shown = await world.ada.slash(world.general, "explain", prompt="Once upon")
        await bot.finished()
        assert shown.message.content == "echo doesn't tell how likely its tokens are, so I can't say why."


async def test_another_token_is_chosen_and_gone_on_with() -> None:
    async with wonderland() as world, running_bot(world.discord, ExplainingBackend()) as bot:
        (message,) = await world.asked()
        shown = await world.bob.click(message, "Why")
        await bot.finished()
        (asked,) = shown.interaction.followups
        which = await world.bob.select(asked, "In place of …", "3")
        await bot.finished()
        assert which.ephemeral
        await world.bob.select(which.message, "Go on with …", "␣map · 12.5 %")
        await bot.finished()
        assert " map" in world.answers[-1].content
        assert len(world.answers) == 2
