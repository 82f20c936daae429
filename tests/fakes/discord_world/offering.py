"""Whether Discord's client offers a command to somebody in some place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.fakes.discord_world.permissions import ALL, Permission

if TYPE_CHECKING:
    from tests.fakes.discord_world.guilds import Guild
    from tests.fakes.discord_world.people import User
    from tests.fakes.discord_world.places import Channel

IN_GUILD, WITH_BOT = 0, 1
FOR_GUILDS, FOR_USERS = 0, 1


def hindrance(command: Mapping[str, Any], user: User, where: Channel) -> str:
    """Why not; empty when it is."""
    if where.guild is None:
        contexts = command.get("contexts")
        offered = WITH_BOT in contexts if contexts is not None else command.get("dm_permission", True)
        return "" if offered else "it is not for direct messages"
    return _in_guild(command, user, where, where.guild)


def _in_guild(command: Mapping[str, Any], user: User, where: Channel, guild: Guild) -> str:
    contexts = command.get("contexts")
    if contexts is not None and IN_GUILD not in contexts:
        return "it is not for servers"
    if (FOR_GUILDS if guild.has_bot else FOR_USERS) not in (command.get("integration_types") or [FOR_GUILDS]):
        return "the bot is not in this server and cannot be used outside"
    held = user.world.permissions_of(user, where)
    if not held & Permission.VIEW_CHANNEL:
        return "the channel is not to be seen"
    if not held & Permission.USE_APPLICATION_COMMANDS:
        return "no permission to use commands here"
    return "" if command["name"] in guild.opened_commands else _by_permissions(command, held)


def _by_permissions(command: Mapping[str, Any], held: int) -> str:
    """None asks for nothing, "0" is for administrators only."""
    asked = command.get("default_member_permissions")
    if asked is None or held == ALL:
        return ""
    needed = int(asked)
    return "" if needed and held & needed == needed else f"it asks for permissions {asked}"
