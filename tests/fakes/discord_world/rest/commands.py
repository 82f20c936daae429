"""Registering application commands, globally or for one guild."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.fakes.discord_world.command_registry import CHAT_INPUT
from tests.fakes.discord_world.failures import Refused
from tests.fakes.discord_world.rest.guilds import guild_of
from tests.fakes.discord_world.rest.routing import NOTHING, Answer, Call, route

GLOBAL = "/applications/{application_id}/commands"
OF_GUILD = "/applications/{application_id}/guilds/{guild_id}/commands"
LEFT_OUT = ("required", "autocomplete", "choices", "options")


def scope(call: Call) -> int | None:
    if call.number("application_id") != call.bot.id:
        raise Refused(10002)
    return guild_of(call).id if "guild_id" in call.ids else None


@route("GET", GLOBAL)
@route("GET", OF_GUILD)
def listing(call: Call) -> Answer:
    call.world.commands.reads += 1
    return Answer(call.world.commands.all(scope(call)))


@route("GET", GLOBAL + "/{command_id}")
@route("GET", OF_GUILD + "/{command_id}")
def read(call: Call) -> Answer:
    call.world.commands.reads += 1
    return Answer(call.world.commands.get(scope(call), call.number("command_id")))


@route("PUT", GLOBAL)
@route("PUT", OF_GUILD)
def overwrite(call: Call) -> Answer:
    """Commands that stay the same keep their id."""
    call.world.commands.writes += 1
    guild_id = scope(call)
    stored = [_stored(call, guild_id, each) for each in call.body]
    call.world.commands.replace(guild_id, {int(each["id"]): each for each in stored})
    return Answer(call.world.commands.all(guild_id))


@route("POST", GLOBAL)
@route("POST", OF_GUILD)
def create(call: Call) -> Answer:
    call.world.commands.writes += 1
    guild_id = scope(call)
    known = call.world.commands.twin(guild_id, call.body)
    command = _stored(call, guild_id, call.body)
    commands = call.world.commands
    commands.replace(guild_id, commands.stored.get(guild_id, {}) | {int(command["id"]): command})
    return Answer(command, 200 if known else 201)


@route("PATCH", GLOBAL + "/{command_id}")
@route("PATCH", OF_GUILD + "/{command_id}")
def change(call: Call) -> Answer:
    call.world.commands.writes += 1
    command = call.world.commands.get(scope(call), call.number("command_id"))
    command |= call.body | {"version": str(call.world.clock.snowflake())}
    return Answer(command)


@route("DELETE", GLOBAL + "/{command_id}")
@route("DELETE", OF_GUILD + "/{command_id}")
def delete(call: Call) -> Answer:
    call.world.commands.writes += 1
    guild_id, number = scope(call), call.number("command_id")
    call.world.commands.get(guild_id, number)
    del call.world.commands.stored[guild_id][number]
    return NOTHING


def _stored(call: Call, guild_id: int | None, body: Mapping[str, Any]) -> dict[str, Any]:
    known = call.world.commands.twin(guild_id, body)
    number = known["id"] if known else str(call.world.clock.snowflake())
    defaults: dict[str, Any] = {
        "type": CHAT_INPUT,
        "description": "",
        "default_member_permissions": None,
        "dm_permission": True,
        "contexts": None,
        "integration_types": [0],
        "nsfw": False,
    }
    place = {"guild_id": str(guild_id)} if guild_id else {}
    given = {key: value for key, value in body.items() if value is not None}
    if "options" in given:
        given["options"] = _plain(given["options"])
    own = {"id": number, "application_id": str(call.bot.id), "version": str(call.world.clock.snowflake())}
    return defaults | given | place | own


def _plain(value: Any) -> Any:
    """Discord gives empty and false fields of options back by leaving them out."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        kept = {key: _plain(each) for key, each in value.items() if each is not None}
        return {key: each for key, each in kept.items() if not (key in LEFT_OUT and not each)}
    return value
