"""Messages of the bot's own in channels and threads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fakes.discord_world import posting
from tests.fakes.discord_world.failures import Refused, invalid_form
from tests.fakes.discord_world.mentions import EVERYTHING
from tests.fakes.discord_world.messages import COMPONENTS_V2, DEFAULT, REPLY, SUPPRESS_EMBEDS, SUPPRESS_NOTIFICATIONS
from tests.fakes.discord_world.permissions import Permission
from tests.fakes.discord_world.rest.access import held, require, require_message, require_open, require_sendable
from tests.fakes.discord_world.rest.access import require_visible as visible
from tests.fakes.discord_world.rest.routing import NOTHING, Answer, Call, route

if TYPE_CHECKING:
    from tests.fakes.discord_world.messages import Message
    from tests.fakes.discord_world.places import Channel

# Discord says “the past few minutes”.
REMEMBERS_NONCES_S = 300.0
BULK_DELETE_S = 14 * 24 * 3600.0
SETTABLE = SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS | COMPONENTS_V2


def addressed(call: Call) -> tuple[Channel, Message]:
    channel = visible(call, call.number("channel_id"))
    return channel, require_message(channel, call.number("message_id"))


@route("POST", "/channels/{channel_id}/messages")
def create(call: Call) -> Answer:
    channel = visible(call, call.number("channel_id"))
    require_sendable(call, channel)
    if call.uploads:
        require(call, channel, Permission.ATTACH_FILES)
    if (twin := _same_nonce(call, channel)) is not None:
        return Answer(twin.payload())
    reference = _reference(call, channel)
    body = call.body
    if body.get("embeds") and not held(call, channel) & Permission.EMBED_LINKS:
        body = body | {"embeds": []}
    message = posting.post(
        channel,
        call.bot,
        body,
        call.uploads,
        kind=REPLY if reference else DEFAULT,
        flags=body.get("flags", 0) & SETTABLE,
        reference=reference,
        nonce=body.get("nonce"),
    )
    return Answer(message.payload())


def _same_nonce(call: Call, channel: Channel) -> Message | None:
    """`enforce_nonce` makes a repeated send return what the first one made."""
    nonce = call.body.get("nonce")
    if nonce is None or not call.body.get("enforce_nonce"):
        return None
    recently = call.world.clock.now() - REMEMBERS_NONCES_S
    mine = (each for each in reversed(channel.messages) if each.author is call.bot and each.created_at > recently)
    return next((each for each in mine if each.nonce == nonce), None)


def _reference(call: Call, channel: Channel) -> dict[str, Any] | None:
    asked = call.body.get("message_reference")
    if not asked:
        return None
    if not held(call, channel) & Permission.READ_MESSAGE_HISTORY:
        raise Refused(160002)
    if int(asked["message_id"]) not in channel.held:
        if not asked.get("fail_if_not_exists", True):
            return None
        raise invalid_form({"message_reference": ("MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message")})
    place = {"guild_id": str(channel.guild.id)} if channel.guild else {}
    return {"type": 0, "channel_id": str(channel.id), "message_id": str(asked["message_id"])} | place


@route("GET", "/channels/{channel_id}/messages")
def history(call: Call) -> Answer:
    channel = visible(call, call.number("channel_id"))
    if not held(call, channel) & Permission.READ_MESSAGE_HISTORY:
        return Answer([])
    newest_first = channel.messages[::-1]
    before, after = (int(call.query.get(side, 0)) for side in ("before", "after"))
    chosen = [each for each in newest_first if (not before or each.id < before) and each.id > after]
    limit = int(call.query.get("limit", 50))
    chosen = chosen[-limit:] if after else chosen[:limit]
    return Answer([each.payload(readable=call.world.may_read(each)) for each in chosen])


@route("GET", "/channels/{channel_id}/messages/{message_id}")
def read(call: Call) -> Answer:
    channel, message = addressed(call)
    require(call, channel, Permission.READ_MESSAGE_HISTORY)
    return Answer(message.payload(readable=call.world.may_read(message)))


@route("PATCH", "/channels/{channel_id}/messages/{message_id}")
def change(call: Call) -> Answer:
    channel, message = addressed(call)
    if message.author is not call.bot:
        raise Refused(50005)
    require_open(channel)
    posting.edit(message, call.body, call.uploads, EVERYTHING)
    return Answer(message.payload())


@route("DELETE", "/channels/{channel_id}/messages/{message_id}")
def delete(call: Call) -> Answer:
    channel, message = addressed(call)
    require_open(channel)
    if message.author is not call.bot:
        require(call, channel, Permission.MANAGE_MESSAGES)
    posting.remove(message)
    return NOTHING


@route("POST", "/channels/{channel_id}/messages/bulk-delete")
def delete_many(call: Call) -> Answer:
    """Of those that are there; two weeks is the oldest they may be."""
    channel = visible(call, call.number("channel_id"))
    require(call, channel, Permission.MANAGE_MESSAGES)
    ids = [int(each) for each in call.body["messages"]]
    if not 2 <= len(ids) <= 100:
        raise invalid_form({"messages": ("BASE_TYPE_BAD_LENGTH", "Must be between 2 and 100 in length.")})
    found = [channel.held[each] for each in ids if each in channel.held]
    if any(call.world.clock.now() - each.created_at > BULK_DELETE_S for each in found):
        raise Refused(50034)
    for message in found:
        posting.remove(message)
    return NOTHING


@route("POST", "/channels/{channel_id}/typing")
def typing(call: Call) -> Answer:
    channel = visible(call, call.number("channel_id"))
    require_sendable(call, channel)
    data: dict[str, Any] = {
        "channel_id": str(channel.id),
        "user_id": str(call.bot.id),
        "timestamp": int(call.world.clock.now()),
    }
    call.world.emit("TYPING_START", data, channel.guild)
    return NOTHING
