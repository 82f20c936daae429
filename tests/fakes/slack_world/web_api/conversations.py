"""Channels, as far as a bot asks about them."""

from __future__ import annotations

from typing import Any

from tests.fakes.slack_world import events
from tests.fakes.slack_world.channels import Channel, Kind
from tests.fakes.slack_world.web_api.calls import Call, Payload, method
from tests.fakes.slack_world.web_api.refusals import Refused

READ = "channels:read groups:read im:read mpim:read"
HISTORY = "channels:history groups:history im:history mpim:history"
OPEN = "channels:manage groups:write im:write mpim:write"
HISTORY_OF = {Kind.PUBLIC: "channels:history", Kind.PRIVATE: "groups:history", Kind.DIRECT: "im:history"}
PAGE = 100


@method(
    "conversations.info",
    "t3",
    needs="channel",
    takes="include_locale include_num_members",
    scopes=READ,
    json=False,
)
def conversations_info(call: Call) -> Payload:
    channel = call.channel()
    call.needs_scope(channel.kind.reading_scope)
    told = channel.payload()
    return {"channel": told | ({"num_members": len(channel.members)} if call.get("include_num_members") else {})}


@method("conversations.join", "t3", needs="channel", scopes="channels:join")
def conversations_join(call: Call) -> Payload:
    channel = call.channel()
    if channel.kind is not Kind.PUBLIC:
        raise Refused("method_not_supported_for_channel_type")
    if channel.archived:
        raise Refused("is_archived")
    warned = {"warning": "already_in_channel", "response_metadata": {"warnings": ["already_in_channel"]}}
    if call.bot in channel.members:
        return {"channel": channel.payload()} | warned
    channel.members.append(call.bot)
    events.joined(channel, call.bot)
    return {"channel": channel.payload()}


@method("conversations.open", "t3", takes="channel users return_im prevent_creation", scopes=OPEN)
def conversations_open(call: Call) -> Payload:
    if call.get("channel"):
        channel = call.channel()
    else:
        users = [each for each in call.text("users").split(",") if each]
        if len(users) != 1:
            raise Refused("users_list_not_supplied" if not users else "invalid_user_combination")
        call.needs_scope("im:write")
        channel = _direct(call, users[0])
    return {"channel": channel.payload() if call.get("return_im") else {"id": channel.id}}


def _direct(call: Call, user_id: str) -> Channel:
    user = call.workspace.users.get(user_id)
    if user is None:
        raise Refused("user_not_found")
    return call.workspace.direct_channel(user)


@method("conversations.list", "t2", takes="cursor exclude_archived limit team_id types", scopes=READ, json=False)
def conversations_list(call: Call) -> Payload:
    kinds = {each.strip() for each in call.text("types").split(",") if each.strip()} or {"public_channel"}
    if kinds - {"public_channel", "private_channel", "im", "mpim"}:
        raise Refused("invalid_types")
    found = [each for each in call.workspace.channels.values() if each.kind.value in kinds and _listed(call, each)]
    for kind in {each.kind for each in found}:
        call.needs_scope(kind.reading_scope)
    page, cursor = _page(call, found)
    return {"channels": [each.payload() for each in page], "response_metadata": {"next_cursor": cursor}}


def _listed(call: Call, channel: Channel) -> bool:
    if channel.archived and call.get("exclude_archived"):
        return False
    return channel.kind is Kind.PUBLIC or call.bot in channel.members


@method("conversations.members", "t4", needs="channel", takes="cursor limit", scopes=READ, json=False)
def conversations_members(call: Call) -> Payload:
    page, cursor = _page(call, call.channel().members)
    return {"members": [each.id for each in page], "response_metadata": {"next_cursor": cursor}}


@method(
    "conversations.replies",
    "t3",
    needs="channel ts",
    takes="cursor include_all_metadata inclusive latest limit oldest",
    scopes=HISTORY,
    json=False,
)
def conversations_replies(call: Call) -> Payload:
    channel = _readable(call)
    root = channel.find(call.text("ts"))
    if root is None:
        raise Refused("thread_not_found")
    return _told(call, [root, *root.thread])


@method(
    "conversations.history",
    "t3",
    needs="channel",
    takes="cursor include_all_metadata inclusive latest limit oldest",
    scopes=HISTORY,
)
def conversations_history(call: Call) -> Payload:
    told = _told(call, list(reversed(_readable(call).roots)))
    return told | {"channel_actions_ts": None, "channel_actions_count": 0, "pin_count": 0}


def _readable(call: Call) -> Channel:
    channel = call.channel()
    call.needs_scope(HISTORY_OF[channel.kind])
    if call.bot not in channel.members:
        raise Refused("not_in_channel")
    return channel


def _told(call: Call, messages: list[Any]) -> Payload:
    page, cursor = _page(call, messages)
    told = [each.payload() | ({"metadata": each.metadata} if each.metadata else {}) for each in page]
    return {"messages": told, "has_more": bool(cursor), "response_metadata": {"next_cursor": cursor}}


def _page(call: Call, things: list[Any]) -> tuple[list[Any], str]:
    try:
        start, limit = int(call.get("cursor") or 0), int(call.get("limit") or PAGE)
    except ValueError:
        raise Refused("invalid_cursor") from None
    end = start + limit
    return things[start:end], str(end) if end < len(things) else ""
