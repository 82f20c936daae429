"""Reactions by the bot."""

from __future__ import annotations

import re

from tests.fakes.slack_world import posting
from tests.fakes.slack_world.messages import Message
from tests.fakes.slack_world.web_api.calls import Call, Payload, method
from tests.fakes.slack_world.web_api.refusals import Refused

NAME = re.compile(r"[a-z0-9_+'\-]{1,100}(?:::skin-tone-[2-6])?$")


@method("reactions.add", "t3", needs="channel name timestamp", scopes="reactions:write")
def add(call: Call) -> Payload:
    message, name = _reacted(call)
    if message.channel.archived:
        raise Refused("is_archived")
    if call.bot in message.reactions.get(name, []):
        raise Refused("already_reacted")
    posting.react(message, call.bot, name)
    return {}


@method(
    "reactions.remove",
    "t2",
    needs="name",
    takes="channel timestamp file file_comment",
    scopes="reactions:write",
)
def remove(call: Call) -> Payload:
    message, name = _reacted(call)
    if call.bot not in message.reactions.get(name, []):
        raise Refused("no_reaction")
    posting.unreact(message, call.bot, name)
    return {}


def _reacted(call: Call) -> tuple[Message, str]:
    channel, name = call.channel(), call.text("name")
    if not NAME.match(name):
        call.violated("/name", f"{name!r} is no emoji's name (no colons)")
        raise Refused("invalid_name")
    message = channel.find(call.text("timestamp"))
    if message is None:
        raise Refused("message_not_found")
    return message, name
