"""Reactions."""

from __future__ import annotations

from tests.fakes.discord_world import posting
from tests.fakes.discord_world.failures import Refused
from tests.fakes.discord_world.permissions import Permission
from tests.fakes.discord_world.rest.access import require, require_open
from tests.fakes.discord_world.rest.messages import addressed
from tests.fakes.discord_world.rest.routing import NOTHING, Answer, Call, route

DISTINCT = 20
AT = "/channels/{channel_id}/messages/{message_id}/reactions"


def _emoji(call: Call) -> str:
    """A Unicode emoji, or name:id of a custom one."""
    emoji = call.ids["emoji_name"]
    name, colon, number = emoji.partition(":")
    if not (number.isdecimal() if colon else name and not name.isascii()):
        raise Refused(10014, status=400)
    return emoji


@route("PUT", AT + "/{emoji_name}/@me")
def add(call: Call) -> Answer:
    channel, message = addressed(call)
    emoji = _emoji(call)
    require_open(channel)
    require(call, channel, Permission.READ_MESSAGE_HISTORY)
    if emoji not in message.reactions:
        require(call, channel, Permission.ADD_REACTIONS)
        if len(message.reactions) >= DISTINCT:
            raise Refused(30010)
    posting.react(message, call.bot, emoji)
    return NOTHING


@route("DELETE", AT + "/{emoji_name}/@me")
def take_back(call: Call) -> Answer:
    channel, message = addressed(call)
    require_open(channel)
    posting.unreact(message, call.bot, _emoji(call))
    return NOTHING


@route("DELETE", AT + "/{emoji_name}/{user_id}")
def remove(call: Call) -> Answer:
    channel, message = addressed(call)
    require(call, channel, Permission.MANAGE_MESSAGES)
    user = call.world.users.get(call.number("user_id"))
    if user is None:
        raise Refused(10013)
    posting.unreact(message, user, _emoji(call))
    return NOTHING


@route("DELETE", AT)
@route("DELETE", AT + "/{emoji_name}")
def clear(call: Call) -> Answer:
    channel, message = addressed(call)
    require(call, channel, Permission.MANAGE_MESSAGES)
    for emoji in [_emoji(call)] if "emoji_name" in call.ids else list(message.reactions):
        for user in list(message.reactions.get(emoji, [])):
            posting.unreact(message, user, emoji)
    return NOTHING


@route("GET", AT + "/{emoji_name}")
def users(call: Call) -> Answer:
    _, message = addressed(call)
    after, limit = int(call.query.get("after", 0)), int(call.query.get("limit", 25))
    found = [user for user in message.reactions.get(_emoji(call), []) if user.id > after]
    return Answer([user.payload() for user in found[:limit]])
