"""Starting, changing and joining threads."""

from __future__ import annotations

from tests.fakes.discord_world import posting
from tests.fakes.discord_world.failures import Refused
from tests.fakes.discord_world.messages import HAS_THREAD
from tests.fakes.discord_world.permissions import Permission
from tests.fakes.discord_world.places import THREAD_ONLY, Channel, Kind, Thread
from tests.fakes.discord_world.rest.access import held, require, require_sendable, require_visible
from tests.fakes.discord_world.rest.messages import addressed
from tests.fakes.discord_world.rest.routing import NOTHING, Answer, Call, route

STARTABLE = {Kind.TEXT: Kind.PUBLIC_THREAD, Kind.ANNOUNCEMENT: Kind.ANNOUNCEMENT_THREAD}


@route("POST", "/channels/{channel_id}/messages/{message_id}/threads")
def start_from_message(call: Call) -> Answer:
    channel, message = addressed(call)
    if channel.kind not in STARTABLE:
        raise Refused(50024)
    require(call, channel, Permission.CREATE_PUBLIC_THREADS)
    if message.thread is not None or message.id in call.world.channels:
        raise Refused(160004)
    thread = _start(call, channel, STARTABLE[channel.kind], message.id)
    message.thread, message.flags = thread, message.flags | HAS_THREAD
    call.world.emit("MESSAGE_UPDATE", posting.event(message), channel.guild)
    return Answer(thread.payload(), 201)


@route("POST", "/channels/{channel_id}/threads")
def start(call: Call) -> Answer:
    channel = require_visible(call, call.number("channel_id"))
    if channel.kind in THREAD_ONLY:
        return _start_post(call, channel)
    if channel.kind not in STARTABLE:
        raise Refused(50024)
    kind = Kind(call.body.get("type", Kind.PRIVATE_THREAD))
    private = kind is Kind.PRIVATE_THREAD
    require(call, channel, Permission.CREATE_PRIVATE_THREADS if private else Permission.CREATE_PUBLIC_THREADS)
    return Answer(_start(call, channel, kind, call.world.clock.snowflake()).payload(), 201)


def _start_post(call: Call, channel: Channel) -> Answer:
    """In a forum, the thread comes with its first message, and their ids are the same."""
    require(call, channel, Permission.SEND_MESSAGES)
    thread = _start(call, channel, Kind.PUBLIC_THREAD, call.world.clock.snowflake())
    first = posting.post(thread, call.bot, call.body["message"], call.uploads)
    del thread.held[first.id]
    first.id = thread.id
    thread.held = {thread.id: first} | thread.held
    return Answer(thread.payload() | {"message": first.payload()}, 201)


def _start(call: Call, channel: Channel, kind: Kind, number: int) -> Thread:
    assert channel.guild is not None
    if sum(not each.archived for each in channel.guild.threads.values()) >= call.world.active_threads:
        raise Refused(160006)
    thread = Thread(
        call.world,
        number,
        kind,
        call.body["name"],
        channel.guild,
        channel,
        slowmode_s=call.body.get("rate_limit_per_user") or 0,
        owner_id=call.bot.id,
        created_at=call.world.clock.now(),
        auto_archive_minutes=call.body.get("auto_archive_duration") or 1440,
        members={call.bot.id},
    )
    channel.guild.threads[thread.id] = call.world.channels[thread.id] = thread
    thread.announce("THREAD_CREATE")
    return thread


@route("PATCH", "/channels/{channel_id}")
def change(call: Call) -> Answer:
    channel = require_visible(call, call.number("channel_id"))
    if not isinstance(channel, Thread):
        require(call, channel, Permission.MANAGE_CHANNELS)
        channel.name = call.body.get("name", channel.name)
        call.world.emit("CHANNEL_UPDATE", channel.payload(), channel.guild)
        return Answer(channel.payload())
    _change_thread(call, channel)
    channel.announce()
    return Answer(channel.payload())


def _change_thread(call: Call, thread: Thread) -> None:
    """An archived thread takes nothing but being un-archived; a lock is the moderators' own."""
    moderates = bool(held(call, thread) & Permission.MANAGE_THREADS)
    opening = call.body.get("archived") is False
    if thread.archived and not opening:
        raise Refused(50083)
    if "locked" in call.body or (opening and thread.locked):
        require(call, thread, Permission.MANAGE_THREADS)
    if not moderates and thread.owner_id != call.bot.id and not opening:
        raise Refused(50013)
    thread.archived = call.body.get("archived", thread.archived)
    if opening:
        thread.reopen()
    thread.locked = call.body.get("locked", thread.locked)
    thread.name = call.body.get("name", thread.name)
    thread.auto_archive_minutes = call.body.get("auto_archive_duration", thread.auto_archive_minutes)


@route("DELETE", "/channels/{channel_id}")
def delete(call: Call) -> Answer:
    channel = require_visible(call, call.number("channel_id"))
    in_thread = isinstance(channel, Thread)
    require(call, channel, Permission.MANAGE_THREADS if in_thread else Permission.MANAGE_CHANNELS)
    call.world.remove_channel(channel)
    return Answer(channel.payload())


@route("PUT", "/channels/{channel_id}/thread-members/@me")
def join(call: Call) -> Answer:
    return _membership(call, call.bot.id, joining=True)


@route("DELETE", "/channels/{channel_id}/thread-members/@me")
def leave(call: Call) -> Answer:
    return _membership(call, call.bot.id, joining=False)


@route("PUT", "/channels/{channel_id}/thread-members/{user_id}")
def add_member(call: Call) -> Answer:
    require_sendable(call, require_visible(call, call.number("channel_id")))
    return _membership(call, call.number("user_id"), joining=True)


def _membership(call: Call, user_id: int, *, joining: bool) -> Answer:
    thread = require_visible(call, call.number("channel_id"))
    if not isinstance(thread, Thread):
        raise Refused(50024)
    if thread.archived:
        raise Refused(50083)
    thread.members = thread.members | {user_id} if joining else thread.members - {user_id}
    call.world.changes.announce()
    return NOTHING
