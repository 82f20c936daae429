"""Each rule on application commands is caught, and what is registered stays."""

from __future__ import annotations

from typing import Any

import pytest

from tests.discord_world.raw_client import reasons
from tests.discord_world.stage import Stage, set_stage


def command(name: str = "complete", **fields: Any) -> dict[str, Any]:
    return {"name": name, "description": "Finish a text", "type": 1} | fields


def option(name: str = "prompt", kind: int = 3, **fields: Any) -> dict[str, Any]:
    return {"name": name, "description": "What to finish", "type": kind} | fields


def choices(count: int) -> list[dict[str, Any]]:
    return [{"name": f"{n}", "value": f"{n}"} for n in range(count)]


REFUSED: dict[str, tuple[list[dict[str, Any]], str]] = {
    "capitals in a name": ([command("Complete")], "name is invalid: 'Complete'"),
    "a space in a name": ([command("complete this")], "name is invalid"),
    "a long name": ([command("x" * 33)], "name is invalid"),
    "no description": ([command(description="")], "description: Must be between 1 and 100"),
    "a long description": ([command(description="x" * 101)], "description: Must be between 1 and 100"),
    "a bad option name": ([command(options=[option("Top P")])], "options.0.name: Command name is invalid"),
    "a long option description": ([command(options=[option(description="x" * 101)])], "options.0.description: Must"),
    "26 options": ([command(options=[option(f"o{n}") for n in range(26)])], "options: Must be between 0 and 25"),
    "the same option twice": ([command(options=[option(), option()])], "Option names must be unique"),
    "required after optional": (
        [command(options=[option("a"), option("b", required=True)])],
        "Required options must be placed before",
    ),
    "26 choices": ([command(options=[option(choices=choices(26))])], "choices: Must be between 0 and 25"),
    "a long choice": ([command(options=[option(choices=[{"name": "x" * 101, "value": "a"}])])], "name: Must be"),
    "a long choice value": ([command(options=[option(choices=[{"name": "a", "value": "x" * 101}])])], "value: Must"),
    "equal choices": ([command(options=[option(choices=[*choices(1), *choices(1)])])], "Choices repeat a value"),
    "choices and autocomplete": (
        [command(options=[option(choices=choices(1), autocomplete=True)])],
        "Autocomplete excludes choices",
    ),
    "autocomplete of a boolean": ([command(options=[option("a", 5, autocomplete=True)])], "Only texts and numbers"),
    "a minimum above the maximum": ([command(options=[option("n", 4, min_value=5, max_value=2)])], "minimum exceeds"),
    "a number beyond what is exact": ([command(options=[option("n", 4, max_value=2**53)])], "max_value: Value must"),
    "a text beyond what fits": ([command(options=[option(max_length=6001)])], "max_length: Value must"),
    "subcommands beside options": ([command(options=[option("set", 1), option("b")])], "cannot be mixed"),
    "groups in groups": (
        [command(options=[option("a", 2, options=[option("b", 2, options=[option("c", 1)])])])],
        "Nested too deeply",
    ),
    "more than 8000 characters": (
        [command(options=[option(f"o{n}", choices=long) for n in range(4)])]
        if (long := [{"name": f"{n:02}" + "x" * 90, "value": f"{n:02}" + "y" * 90} for n in range(25)])
        else [],
        "Command exceeds maximum size (8000)",
    ),
    "two of one name": ([command(), command()], "must be unique: complete"),
    "a context menu with a description": ([command("Complete this", type=3)], "Context menus take no description"),
    "options of an option": ([command(options=[option(options=[option("b")])])], "Only subcommands have options"),
    "a number's choice that is none": (
        [command(options=[option("n", 4, choices=[{"name": "a", "value": "b"}])])],
        "value: Value is not a number",
    ),
    "an unknown option type": ([command(options=[option(kind=12)])], "type: Value must be one of"),
}


async def put(stage: Stage, commands: list[dict[str, Any]]) -> Any:
    return await stage.api("PUT", f"/applications/{stage.discord.bot.id}/commands", commands)


@pytest.mark.parametrize("rule", REFUSED)
async def test_discord_refuses(rule: str) -> None:
    commands, reason = REFUSED[rule]
    async with set_stage() as stage:
        reply = await put(stage, commands)
        assert (reply.status, reply.code) == (400, 50035)
        assert reason in reasons(stage.discord)
        assert stage.discord.commands.all() == []


async def test_unknown_keys_are_reported() -> None:
    async with set_stage() as stage:
        await put(stage, [command(options=[option(minimum=1)], permissions="0")])
        told = reasons(stage.discord)
        assert "0.permissions: unknown key" in told
        assert "0.options.0.minimum: unknown key" in told


async def test_overwriting_keeps_the_ids_of_what_stays() -> None:
    async with set_stage() as stage:
        menu = {"name": "Complete this", "type": 3}
        first = await put(stage, [command(), menu])
        second = await put(stage, [command(description="Otherwise"), command("help")])
        assert reasons(stage.discord) == ""
        assert second.body[0]["id"] == first.body[0]["id"]
        assert [each["name"] for each in stage.discord.commands.all()] == ["complete", "help"]
        assert (stage.discord.commands.writes, stage.discord.commands.reads) == (2, 0)


async def test_commands_can_be_made_changed_and_deleted_one_by_one() -> None:
    async with set_stage() as stage:
        base = f"/applications/{stage.discord.bot.id}/guilds/{stage.guild.id}/commands"
        made = await stage.api("POST", base, command())
        again = await stage.api("POST", base, command(description="Otherwise"))
        assert (made.status, again.status, again.body["id"]) == (201, 200, made.body["id"])
        path = f"{base}/{made.body['id']}"
        await stage.api("PATCH", path, {"description": "Third"})
        assert (await stage.api("GET", path)).body["description"] == "Third"
        assert (await stage.api("DELETE", path)).status == 204
        assert (await stage.api("GET", path)).code == 10063
        assert (await stage.api("GET", base)).body == []


async def test_a_hundred_commands_is_the_most() -> None:
    async with set_stage() as stage:
        reply = await put(stage, [command(f"c{n}") for n in range(101)])
        assert reply.code == 30032
