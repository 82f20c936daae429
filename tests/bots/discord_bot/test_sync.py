"""Discord is told about the commands when it knows others, and only then."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.discord_bot import running_bot
from tests.fakes.discord_world import FakeDiscord


def puts(discord: FakeDiscord) -> int:
    return sum(each.route.startswith("PUT /applications") for each in discord.rest.requests)


def rename(command: dict[str, Any]) -> None:
    command["description"] = "Something else."


def widen(command: dict[str, Any]) -> None:
    temperature = next(each for each in command["options"] if each["name"] == "temperature")
    temperature["max_value"] = 3.0


def drop_option(command: dict[str, Any]) -> None:
    command["options"].pop()


@pytest.mark.parametrize("change", [rename, widen, drop_option])
async def test_a_difference_is_told(change: Any) -> None:
    async with FakeDiscord.open() as discord:
        async with running_bot(discord):
            assert puts(discord) == 1
        change(discord.commands.find(None, "complete", 1))
        async with running_bot(discord):
            assert puts(discord) == 2
        async with running_bot(discord):
            assert puts(discord) == 2


async def test_not_when_it_is_switched_off() -> None:
    async with FakeDiscord.open() as discord, running_bot(discord, discord_changes={"sync_commands": False}):
        assert puts(discord) == 0


async def test_limits_of_discord_hold() -> None:
    async with FakeDiscord.open() as discord, running_bot(discord):
        complete = discord.commands.find(None, "complete", 1)
        assert len(complete["options"]) <= 25
        assert all(len(each["description"]) <= 100 for each in complete["options"])
        config = discord.commands.find(None, "config", 1)
        assert str(config["default_member_permissions"]) == str(1 << 5)
        assert discord.violations == []
