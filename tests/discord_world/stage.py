"""The usual scene: one server with a channel, Ada in it, and REST at hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.discord_world.raw_client import RawClient, raw_client
from tests.fakes.discord_world import FakeDiscord, RateLimits
from tests.fakes.discord_world.guilds import Guild
from tests.fakes.discord_world.people import Member
from tests.fakes.discord_world.places import Channel


@dataclass(frozen=True)
class Stage:
    discord: FakeDiscord
    guild: Guild
    channel: Channel
    ada: Member
    api: RawClient


@asynccontextmanager
async def set_stage(limits: RateLimits | None = None) -> AsyncIterator[Stage]:
    async with FakeDiscord.open(limits) as discord, raw_client(discord) as api:
        discord.rest.checks_own_answers = True
        guild = discord.add_guild("Wonderland")
        yield Stage(discord, guild, guild.add_channel("general"), guild.add_member("Ada"), api)
        assert not discord.rest.own_errors, "\n".join(discord.rest.own_errors)
