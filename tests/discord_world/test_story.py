"""The real client goes through a whole story with the fake."""

from __future__ import annotations

from tests.discord_world.parrot import parrot_in
from tests.fakes.discord_world import Ack, FakeDiscord


async def test_a_command_opens_a_thread_and_takes_clicks_and_reactions() -> None:
    async with FakeDiscord.open() as discord:
        discord.rest.checks_own_answers = True
        guild = discord.add_guild("Wonderland")
        channel = guild.add_channel("general")
        ada = guild.add_member("Ada")
        async with parrot_in(discord):
            shown = await ada.slash(channel, "repeat", words="Once upon", times=2)
            assert shown.ack is Ack.DEFERRED
            thread = await discord.until(lambda: shown.message.thread)
            said = await discord.until(lambda: next(iter(thread.messages), None))
            await discord.until(lambda: said.content == "Once uponOnce upon")
            assert [each["label"] for each in said.buttons] == ["Again"]
            again = await ada.click(said, "Again")
            assert again.ack is Ack.UPDATE
            assert said.content == "again"
            await ada.react(said, "🔁")
            await discord.until(lambda: discord.bot in said.reactions["🔁"])
        assert [str(each) for each in discord.violations] == []
        assert discord.rest.own_errors == []
        assert discord.pings == []
