from __future__ import annotations

import pytest

from backends.protocol import BackendHealth
from backends.store.records import Usage
from bots.commands.help import COMMANDS, help_lines
from bots.commands.status import Status
from config.errors import NotFound
from config.sampling import OPTIONS
from config.settings import LimitSettings
from config.workspace import Ceilings
from tests.fakes.gated_backend import GatedBackend
from tests.fakes.recording_reply import RecordingFront
from tests.fakes.worlds import ADMIN, Clock, open_world, opened_core, settings_with, stored


async def test_says_what_answers_here_and_how_busy_it_is() -> None:
    async with open_world(max_running=1) as world:
        await world.ask()
        await world.ask()
        status = await world.core.status.status(world.call())
        assert status.lines[:2] == ("gated: ready. Waits for the test.", "Queue: 1 running, 1 waiting.")
        await world.core.rules.set_channel(world.call(ADMIN), "lab", "backend", "other")
        assert (await world.core.status.status(world.call(channel="lab"))).backend == "other"


def test_speed_is_told_when_there_is_one() -> None:
    health = BackendHealth("asleep", "Wakes in about 40 s.")
    assert Status("aws", health, 0, 0, Usage(1200, 1300, 40_000, 100.0)).lines == (
        "aws: asleep. Wakes in about 40 s.",
        "Queue: 0 running, 0 waiting.",
        "Last 24 hours: 1,200 requests, 40,000 tokens, 400 tokens/s.",
    )
    assert Status("aws", health, 0, 0, Usage(1, 1, 1, 0)).lines[2] == "Last 24 hours: 1 request, 1 token."
    assert Status("aws", health, 0, 0, Usage()).lines[2] == "Last 24 hours: 0 requests, 0 tokens."


async def test_a_backend_that_is_gone_is_named() -> None:
    async with stored() as store:
        async with open_world(store) as world:
            await world.core.rules.set(world.call(ADMIN), "backend", "other")
            call = world.call()
        async with opened_core(store, [GatedBackend()], Clock(), RecordingFront(), settings_with()) as core:
            with pytest.raises(NotFound, match='There is no backend "other"; the backends are gated'):
                await core.status.status(call)


def test_help_explains_every_command_and_option() -> None:
    text = "\n".join(help_lines(Ceilings(), LimitSettings()))
    for command in COMMANDS:
        assert f"/{command.name}" in text
    for option in OPTIONS:
        assert f"{option.name} (" in text
