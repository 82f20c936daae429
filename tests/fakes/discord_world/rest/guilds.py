"""Reading guilds, members and channels."""

from __future__ import annotations

from tests.fakes.discord_world.failures import Refused
from tests.fakes.discord_world.guilds import Guild
from tests.fakes.discord_world.rest.access import require_visible
from tests.fakes.discord_world.rest.routing import NOTHING, Answer, Call, route


def guild_of(call: Call) -> Guild:
    guild = call.world.guilds.get(call.number("guild_id"))
    if guild is None or not guild.has_bot:
        raise Refused(10004)
    return guild


@route("GET", "/users/@me/guilds")
def my_guilds(call: Call) -> Answer:
    mine = [guild for guild in call.world.guilds.values() if guild.has_bot]
    return Answer(
        [
            {
                "id": str(guild.id),
                "name": guild.name,
                "icon": None,
                "banner": None,
                "owner": False,
                "permissions": str(int(guild.me.permissions)),
                "features": [],
            }
            for guild in mine
        ]
    )


@route("GET", "/guilds/{guild_id}")
def guild(call: Call) -> Answer:
    left_out = {"channels", "threads", "members", "presences", "voice_states", "joined_at", "large", "unavailable"}
    return Answer({key: value for key, value in guild_of(call).payload().items() if key not in left_out})


@route("GET", "/guilds/{guild_id}/channels")
def channels(call: Call) -> Answer:
    return Answer([each.payload() for each in guild_of(call).channels.values()])


@route("GET", "/guilds/{guild_id}/roles")
def roles(call: Call) -> Answer:
    return Answer([each.payload() for each in guild_of(call).roles.values()])


@route("GET", "/guilds/{guild_id}/members/{user_id}")
def member(call: Call) -> Answer:
    found = guild_of(call).members.get(call.number("user_id"))
    if found is None:
        raise Refused(10007)
    return Answer(found.payload())


@route("GET", "/guilds/{guild_id}/threads/active")
def active_threads(call: Call) -> Answer:
    threads = [each for each in guild_of(call).threads.values() if not each.archived]
    return Answer({"threads": [each.payload() for each in threads], "members": [], "has_more": False})


@route("DELETE", "/users/@me/guilds/{guild_id}")
def leave(call: Call) -> Answer:
    left = guild_of(call)
    call.world.remove_bot(left)
    return NOTHING


@route("GET", "/channels/{channel_id}")
def channel(call: Call) -> Answer:
    return Answer(require_visible(call, call.number("channel_id")).payload())
