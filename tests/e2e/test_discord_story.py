"""The whole Discord bot: the real client over loopback against a protocol-level Discord, with the echo backend."""

from __future__ import annotations

from tests.fakes.discord_bot import running_bot, thread_of
from tests.fakes.discord_world import FakeDiscord


async def test_a_completion_is_written_into_a_thread() -> None:
    async with FakeDiscord.open() as discord:
        guild = discord.add_guild("Wonderland")
        channel = guild.add_channel("general")
        ada = guild.add_member("Ada")
        async with running_bot(discord) as bot:
            shown = await ada.slash(channel, "complete", prompt="Once upon a time", samples=3, seed=7, length=5)
            assert shown.ephemeral
            await bot.finished()
            thread = thread_of(channel)
            assert thread is not None
            for m in [*channel.messages, *thread.messages]:
                print(repr(m.content), [b.get("label") for b in m.buttons], m.reactions)
            assert len(thread.messages) == 3
            await ada.click(thread.messages[0], "Again")
            await bot.finished()
            await ada.react(thread.messages[0], "🔁")
            await bot.finished()
            for m in [*channel.messages, *thread.messages]:
                print(repr(m.content), [b.get("label") for b in m.buttons], m.reactions)
        print("\n".join(map(str, discord.violations)))
        assert [str(each) for each in discord.violations] == []
        assert discord.pings == []
