"""Commands typed as text."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from backends.factory import Backends
from backends.store.sqlite import SqliteStore
from bots.commands.command_line import parse_options
from bots.commands.invocation import Invocation, Requester
from bots.commands.setting_names import SETTING_NAMES
from bots.commands.usual_settings import usual_texts
from bots.core import Core
from config.errors import InklingError, InvalidOptions, NotAllowed, NotFound
from config.sampling import SamplingOverrides
from config.settings import Settings
from config.workspace import WorkspaceRef
from tests.fakes.scripted_backend import ScriptedBackend

MISSING = "Something is missing there. Write it like this:"
ADMIN = Invocation("e", WorkspaceRef("slack", "T1"), "general", Requester("U1", "ada", is_admin=True))
MEMBER = Invocation("e", WorkspaceRef("slack", "T1"), "general", Requester("U2", "bob"))


@pytest.fixture
async def core() -> AsyncIterator[Core]:
    backends = Backends({"local": ScriptedBackend()}, "local")
    store = await SqliteStore.open(None)
    yield Core(Settings(), store, backends, lambda: datetime(2026, 1, 2, 3, 4, tzinfo=UTC))
    await store.aclose()


async def run(core: Core, text: str, invocation: Invocation = ADMIN) -> tuple[str, ...]:
    command, _, rest = text.partition(" ")
    return await core.typed.run(invocation, command, rest)


async def test_status_and_help_answer_in_lines(core: Core) -> None:
    assert (await run(core, "status"))[1] == "Queue: 0 running, 0 waiting."
    assert any(line.startswith("temperature (0 – 2): ") for line in await run(core, "help", MEMBER))


async def test_presets_are_one_s_own(core: Core) -> None:
    assert (await run(core, "presets"))[0].startswith("There are no presets yet.")
    assert await run(core, "presets save poem temperature=1.2 --top-k 0", MEMBER) == (
        "Saved poem: temperature 1.2 · top_k 0. Use it with /complete preset=poem",
    )
    assert await run(core, "presets list", MEMBER) == ("poem: temperature 1.2 · top_k 0",)
    assert (await run(core, "presets"))[0].startswith("There are no presets yet.")
    await run(core, "presets delete poem", MEMBER)
    with pytest.raises(NotFound):
        await run(core, "presets delete poem", MEMBER)


async def test_shared_presets_are_told_apart(core: Core) -> None:
    await run(core, "config preset save calm temperature=0.2")
    assert await run(core, "presets", MEMBER) == ("calm: temperature 0.2 (everybody's)",)
    await run(core, "config preset delete calm")


async def test_forget_me_asks_by_showing_first(core: Core) -> None:
    assert await run(core, "forget-me") == ("I keep nothing about you here.",)
    await run(core, "presets save poem top_k=1")
    assert (await run(core, "forget-me"))[0] == "I keep 0 of your requests with their results, and 1 of your presets."
    assert await run(core, "forget-me erase") == ("Erased 0 of your requests, their results and your presets.",)
    assert await run(core, "forget-me") == ("I keep nothing about you here.",)


async def test_config_shows_sets_and_resets(core: Core) -> None:
    assert (await run(core, "config set  max_length  100"))[0].startswith("max_length is now 100.")
    assert await run(core, "config show max_len") == ("max_length: 100",)
    assert await run(core, "config reset max_length") == ("max_length is back to what it was at first.",)
    assert await run(core, "config show max_len") == ("max_length: 400 (the operator's limit, limits.max_length)",)
    assert await run(core, "config audit") == (
        "2026-01-02 03:04 UTC · @ada · reset max_length",
        "2026-01-02 03:04 UTC · @ada · set max_length 100",
    )


async def test_config_shows_what_holds_where_nothing_is_set(core: Core) -> None:
    await run(core, "config set temperature 0.5")
    lines = await run(core, "config")
    assert not [line for line in lines if line.endswith(": as built in")]
    for line in (
        "temperature: 0.5",
        "top_k: 40 (as built in)",
        "seed: random (as built in)",
        "stop: none (as built in)",
        "max_temperature: 2 (as built in)",
        "backend: local (the operator's)",
        "regenerate_by: anyone (as built in)",
        "cooldown_s: 0 (as built in)",
    ):
        assert line in lines
    usual = usual_texts(Settings(defaults=SamplingOverrides(top_k=7)), "local")
    assert usual["top_k"] == "7 (the operator's)"
    assert usual.keys() == {each.name for each in SETTING_NAMES}


async def test_help_tells_the_bounds_that_hold_here(core: Core) -> None:
    await run(core, "config set max_samples 2")
    lines = await run(core, "help", MEMBER)
    assert [line.partition(":")[0] for line in lines if line.startswith(("length (", "samples ("))] == [
        "length (1 – 400)",
        "samples (1 – 2)",
    ]


async def test_config_knows_channels_roles_and_people(core: Core) -> None:
    assert await run(core, "config channel set #poems temperature 1.1") == ("temperature is now 1.1 in poems.",)
    assert await run(core, "config channel deny <#C9|noise>") == ("channel C9 is denied now.",)
    assert await run(core, "config user deny <@U7>") == ("user U7 is denied now.",)
    assert await run(core, "config role allow R1") == ("role R1 is allowed now.",)
    shown = await run(core, "config")
    assert shown[-4:] == (
        "channels with their own: poems",
        "denied channels: C9",
        "allowed roles: R1",
        "denied users: U7",
    )
    assert await run(core, "config role clear R1") == ("role R1 has no rule of its own now.",)
    assert await run(core, "config channel reset poems") == ("Everything in poems is as everywhere again.",)


async def test_config_travels(core: Core) -> None:
    await run(core, "config set cooldown_s 5")
    exported = "\n".join(await run(core, "config export"))
    await run(core, "config reset")
    await core.typed.run(ADMIN, "config", f"import\n{exported}")
    assert await run(core, "config show cooldown") == ("cooldown_s: 5.0",)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("confg", 'I don\'t know the command "confg". Did you mean config?'),
        ("config sett", 'I don\'t know the word after /config "sett". Did you mean set?'),
        (
            "config set length",
            f"{MISSING} /config set max_length 200 (or none, to unset it)",
        ),
        ("config user deny", f"{MISSING} /config user deny 123"),
        ("presets save poem Once upon", '"Once upon" is not an option; write name=value.'),
        ("presets save", f"{MISSING} /presets save poem temperature=1.2"),
        (
            "config set model a\x00",
            "That holds a character that can't be used (NUL or half of a surrogate pair).",
        ),
    ],
)
async def test_mistakes_get_one_sentence(core: Core, text: str, sentence: str) -> None:
    with pytest.raises(InvalidOptions) as caught:
        await run(core, text)
    assert caught.value.sentence == sentence


@pytest.mark.parametrize("text", ["config", "config set length 3", "config audit", "config import {}", "config export"])
async def test_only_admins_see_and_change_the_rules(core: Core, text: str) -> None:
    with pytest.raises(NotAllowed):
        await run(core, text, MEMBER)


def test_options_alone_are_read_without_a_prompt() -> None:
    assert parse_options("temperature=0.5 --seed 3").given() == {"temperature": 0.5, "seed": 3}
    with pytest.raises(InklingError):
        parse_options("temperature=0.5 Once")
