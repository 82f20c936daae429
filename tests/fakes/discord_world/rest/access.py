"""What the bot may do where: the checks that end in 10003, 50001 and 50013."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fakes.discord_world.failures import Refused
from tests.fakes.discord_world.permissions import Permission
from tests.fakes.discord_world.places import THREAD_ONLY, Channel, Thread

if TYPE_CHECKING:
    from tests.fakes.discord_world.messages import Message
    from tests.fakes.discord_world.rest.routing import Call


def require_visible(call: Call, channel_id: int) -> Channel:
    channel = call.world.channels.get(channel_id)
    if channel is None:
        raise Refused(10003)
    if not held(call, channel) & Permission.VIEW_CHANNEL:
        raise Refused(50001)
    return channel


def held(call: Call, channel: Channel) -> int:
    return call.world.permissions_of(call.bot, channel)


def require(call: Call, channel: Channel, permission: Permission) -> None:
    if not held(call, channel) & permission:
        raise Refused(50013)


def require_message(channel: Channel, message_id: int) -> Message:
    message = channel.held.get(message_id)
    if message is None:
        raise Refused(10008)
    return message


def require_sendable(call: Call, channel: Channel) -> None:
    """Sending wakes an archived thread, unless a moderator locked it."""
    if channel.kind in THREAD_ONLY:
        raise Refused(50008)
    if channel.recipient is not None and not channel.recipient.accepts_messages:
        raise Refused(50007)
    sending = Permission.SEND_MESSAGES_IN_THREADS if channel.is_thread else Permission.SEND_MESSAGES
    require(call, channel, sending)
    if isinstance(channel, Thread) and channel.archived:
        if channel.locked and not held(call, channel) & Permission.MANAGE_THREADS:
            raise Refused(160005)
        channel.reopen()
        channel.announce()


def require_open(channel: Channel) -> None:
    if isinstance(channel, Thread) and channel.archived:
        raise Refused(50083)
