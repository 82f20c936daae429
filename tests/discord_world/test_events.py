"""Gateway events hold what Discord's tables of fields say, where those are at hand."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from tests.discord_world.raw_client import invoked
from tests.discord_world.stage import set_stage
from tests.fakes.discord_world import posting
from tests.fakes.discord_world.guilds import Guild
from tests.fakes.discord_world.rest.openapi import specs

pytestmark = pytest.mark.skipif(specs() is None, reason="no tables beside the repository or in INKLING_TEST_SPECS")
TABLES = {
    "MESSAGE_REACTION_ADD": "Message Reaction Add Event Fields",
    "MESSAGE_REACTION_REMOVE": "Message Reaction Remove Event Fields",
    "TYPING_START": "Typing Start Event Fields",
    "INTERACTION_CREATE": "Interaction Object > Interaction Structure",
}


@cache
def documented(heading: str) -> dict[str, bool]:
    """Whether each field must be there."""
    folder = specs()
    assert folder is not None
    read = json.loads((folder / "discord" / "derived" / "doc_tables.json").read_text("utf-8"))
    tables = read if isinstance(read, list) else read["tables"]
    rows = next(table["rows"] for table in tables if table["heading"].endswith(heading))
    return {row[0].rstrip("*").rstrip("?"): "?" not in row[0] for row in rows}


class Recorder:
    def __init__(self) -> None:
        self.heard: dict[str, dict[str, Any]] = {}

    def dispatch(self, event: str, data: dict[str, Any], guild: Guild | None) -> None:
        self.heard[event] = data


@pytest.fixture
async def heard() -> dict[str, dict[str, Any]]:
    async with set_stage() as stage:
        recorder = Recorder()
        stage.discord.world.listeners.append(recorder)
        message = await stage.api.sent(stage.channel)
        await stage.ada.react(message, "🔁")
        await stage.ada.unreact(message, "🔁")
        await stage.api("POST", f"/channels/{stage.channel.id}/typing")
        interaction = invoked(stage.ada.user, stage.channel, message)
        assert posting.event(message)["guild_id"] == str(stage.guild.id)
        return recorder.heard | {"INTERACTION_CREATE": interaction.payload()}


@pytest.mark.parametrize("event", TABLES)
def test_fields_are_the_documented_ones(event: str, heard: dict[str, dict[str, Any]]) -> None:
    fields = documented(TABLES[event])
    sent = set(heard[event])
    assert {name for name, needed in fields.items() if needed} <= sent
    assert sent <= set(fields)
