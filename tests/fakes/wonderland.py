"""A small Discord server with three people, and the check that the bot behaved in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.fakes.discord_world import FakeDiscord, Permission
from tests.fakes.discord_world.guilds import Guild
from tests.fakes.discord_world.messages import Message
from tests.fakes.discord_world.people import Member
from tests.fakes.discord_world.places import Channel, Thread

LATEST_ACK_S = 3.0


@dataclass
class Wonderland:
    discord: FakeDiscord
    guild: Guild
    general: Channel
    ada: Member
    bob: Member
    admin: Member
    """May manage the server."""

    @property
    def thread(self) -> Thread:
        """The newest one in #general."""
        return self.general.threads[-1]

    @property
    def answers(self) -> list[Message]:
        return self.thread.messages

    def newest(self, threads: int = 1) -> Message | None:
        """The last message of the newest thread, once there are so many threads and it has one."""
        has_one = len(self.general.threads) >= threads and self.answers
        return self.answers[-1] if has_one else None

    def ended(self, count: int = 1) -> bool:
        """Whether so many messages of the newest thread have the buttons of an ended result."""
        return bool(self.general.threads) and sum(is_ended(each) for each in self.answers) >= count

    async def asked(self, who: Member | None = None, **options: object) -> list[Message]:
        """/complete in #general, to its end; the messages in its thread."""
        given = {"prompt": "Once upon a time", "length": 5, **options}
        await (who or self.ada).slash(self.general, "complete", **given)
        await self.discord.settle(0.2)
        count = given.get("samples", 1)
        assert isinstance(count, int)
        await self.discord.until(lambda: self.ended(count))
        return self.answers


def is_ended(message: Message) -> bool:
    return any(button.get("label") == "Again" for button in message.buttons)


@asynccontextmanager
async def wonderland() -> AsyncIterator[Wonderland]:
    async with FakeDiscord.open() as discord:
        guild = discord.add_guild("Wonderland")
        world = Wonderland(
            discord,
            guild,
            guild.add_channel("general"),
            guild.add_member("Ada"),
            guild.add_member("Bob"),
            guild.add_member("Queen", Permission.MANAGE_GUILD),
        )
        yield world
        assert [str(each) for each in discord.violations] == []
        assert discord.pings == []
        assert max(discord.ack_seconds, default=0.0) < LATEST_ACK_S
