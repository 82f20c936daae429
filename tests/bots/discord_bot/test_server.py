"""Starting, and what is said when that fails."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bots.discord_bot.client import INTENTS
from config.errors import InvalidSettings, PlatformUnavailable
from tests.fakes.command_line import ECHO, run_inkling, started_inkling
from tests.fakes.discord_bot import running_bot
from tests.fakes.discord_world import FakeDiscord
from tests.fakes.wonderland import is_ended


async def start(discord: FakeDiscord, **changes: Any) -> None:
    async with running_bot(discord, discord_changes=changes):
        pass


def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def variables(discord: FakeDiscord, **changes: str) -> dict[str, str]:
    own = {
        "INKLING_DISCORD__TOKEN": discord.token,
        "INKLING_DISCORD__API_URL": discord.api_url,
        "INKLING_DISCORD__GATEWAY_URL": discord.gateway_url,
        "INKLING_WEB__PORT": "0",
    }
    return {**ECHO, **own, **changes}


def test_no_intent_is_privileged() -> None:
    wanted = [name for name, on in INTENTS if on]
    assert wanted == ["guilds", "guild_reactions", "dm_reactions"]


async def test_a_wrong_token_is_told_without_showing_it() -> None:
    async with FakeDiscord.open() as discord:
        with pytest.raises(
            InvalidSettings, match=r"^discord.token is not one that Discord knows; copy it anew"
        ) as told:
            await start(discord, token=SecretStr("wrong.token.here"))
        assert "wrong" not in str(told.value)


async def test_no_answer_is_told() -> None:
    async with FakeDiscord.open() as discord:
        url = f"http://127.0.0.1:{closed_port()}/api/v10"
        with pytest.raises(PlatformUnavailable, match=r"^Discord can't be reached at 127.0.0.1 \(no connection\)"):
            await start(discord, api_url=url)


@pytest.mark.parametrize(
    ("code", "sentence"), [(4014, "a privileged intent"), (4013, r"refuses the connection \(code 4013\)")]
)
async def test_a_refused_connection_is_told(code: int, sentence: str) -> None:
    async with FakeDiscord.open() as discord:
        starting = asyncio.create_task(start(discord))
        await discord.until(lambda: discord.gateway.connections)
        discord.gateway.close(code)
        with pytest.raises(InvalidSettings, match=sentence):
            await starting


async def test_run_ends_with_two_for_what_is_to_be_mended(tmp_path: Path) -> None:
    async with FakeDiscord.open() as discord:
        ended = await run_inkling("run", home=tmp_path, settings=variables(discord, INKLING_DISCORD__TOKEN="no.such"))
        assert ended.code == 2
        assert "discord.token is not one that Discord knows" in ended.err
        assert "no.such" not in ended.err


async def test_run_ends_with_one_where_nobody_answers(tmp_path: Path) -> None:
    async with FakeDiscord.open() as discord:
        url = f"http://127.0.0.1:{closed_port()}/api/v10"
        ended = await run_inkling("run", home=tmp_path, settings=variables(discord, INKLING_DISCORD__API_URL=url))
        assert ended.code == 1
        assert "Discord can't be reached at 127.0.0.1" in ended.err


async def test_run_starts_discord_when_it_has_a_token(tmp_path: Path) -> None:
    async with FakeDiscord.open() as discord:
        guild = discord.add_guild()
        channel, ada = guild.add_channel("general"), guild.add_member("Ada")
        loud = variables(discord, INKLING_LOG__LEVEL="debug")
        async with started_inkling("run", home=tmp_path, settings=loud) as process:
            await discord.until(lambda: discord.gateway.connections and discord.commands.all(), 30)
            await discord.settle(0.5)
            await ada.slash(channel, "complete", prompt="Once", length=3)
            await discord.until(lambda: any(is_ended(each) for thread in channel.threads for each in thread.messages))
            process.terminate()
            _, err = await process.communicate()
        assert process.returncode == 0
        assert b'"front": "discord"' in err
        assert b"Traceback" not in err
        assert discord.token.encode() not in err
        assert b"Once" not in err
        assert discord.violations == []


async def test_the_invite_link_asks_for_what_is_needed_and_no_more(tmp_path: Path) -> None:
    async with FakeDiscord.open() as discord:
        printed = await run_inkling("discord", "invite", home=tmp_path, settings=variables(discord))
        assert printed.out == (
            f"https://discord.com/oauth2/authorize?client_id={discord.bot.id}"
            "&scope=bot+applications.commands&permissions=309237763136\n"
        )
        without = await run_inkling("discord", "invite", home=tmp_path)
        assert without.code == 2
        assert without.err.startswith("discord.token is needed")
