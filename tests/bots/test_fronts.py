"""Which fronts the settings ask for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from backends.factory import Backends
from bots.core import Core
from bots.fronts import make_fronts
from config.errors import InvalidSettings
from config.settings import DiscordSettings, Settings, SlackSettings
from tests.fakes.scripted_backend import ScriptedBackend
from tests.fakes.worlds import stored

ROOT = Path(__file__).parents[2]
KEY = "ab" * 32


async def names(**discord: Any) -> list[str]:
    if "token" in discord:
        discord["token"] = SecretStr(discord["token"])
    settings = Settings(discord=DiscordSettings(**discord))
    async with stored() as store:
        core = Core(settings, store, Backends({"local": ScriptedBackend()}, "local"))
        return [name for name, _ in make_fronts(core, settings)]


@pytest.mark.parametrize(
    ("discord", "fronts"),
    [
        ({}, ["page"]),
        ({"public_key": KEY}, ["page"]),
        ({"token": "x"}, ["page", "discord"]),
        ({"token": "x", "public_key": KEY}, ["page", "discord", "callbacks"]),
        ({"token": "x", "public_key": KEY, "gateway": False}, ["page", "discord", "callbacks"]),
    ],
)
async def test_fronts_run_when_they_have_what_they_need(discord: dict[str, Any], fronts: list[str]) -> None:
    assert await names(**discord) == fronts


@pytest.mark.parametrize(
    ("slack", "fronts"),
    [
        ({"bot_token": "xoxb-1", "app_token": "xapp-1"}, ["page", "slack"]),
        ({"bot_token": "xoxb-1", "signing_secret": "x"}, ["page", "slack", "callbacks"]),
        ({"client_id": "1", "client_secret": "x", "app_token": "xapp-1"}, ["page", "slack", "callbacks"]),
        ({"client_id": "1", "client_secret": "x", "signing_secret": "x"}, ["page", "slack", "callbacks"]),
    ],
)
async def test_slack_runs_when_it_can_act_and_hear(slack: dict[str, Any], fronts: list[str]) -> None:
    settings = Settings(slack=SlackSettings(**slack))
    async with stored() as store:
        core = Core(settings, store, Backends({"local": ScriptedBackend()}, "local"))
        assert [name for name, _ in make_fronts(core, settings)] == fronts


async def test_a_bot_that_nothing_could_reach_is_refused() -> None:
    with pytest.raises(InvalidSettings, match=r"^discord.gateway is off and discord.public_key is not set"):
        await names(token="x", gateway=False)


@pytest.mark.parametrize("key", ["abc", "xy" * 32])
async def test_a_key_that_is_none_is_named(key: str) -> None:
    with pytest.raises(InvalidSettings, match=r"^discord.public_key must be 64 hexadecimal digits"):
        await names(token="x", public_key=key)


def test_without_tokens_no_platforms_library_is_loaded() -> None:
    program = (
        "import sys; from bots.fronts import make_fronts; from bots.installation import open_installation; "
        "assert not {'discord', 'slack_bolt', 'slack_sdk'} & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0
