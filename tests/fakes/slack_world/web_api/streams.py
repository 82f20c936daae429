"""Messages that grow while people read: started, appended to, stopped, or ended by Slack after five minutes."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from tests.fakes.slack_world import posting
from tests.fakes.slack_world.channels import Channel, Kind
from tests.fakes.slack_world.messages import STREAM_LASTS_S, Message
from tests.fakes.slack_world.web_api.calls import Call, Payload, method
from tests.fakes.slack_world.web_api.chat import own, thread, writable
from tests.fakes.slack_world.web_api.refusals import Refused


@method(
    "chat.startStream",
    "t2",
    needs="channel",
    takes="chunks markdown_text thread_ts recipient_user_id recipient_team_id task_display_mode icon_emoji icon_url"
    " username",
    scopes="chat:write",
)
def start_stream(call: Call) -> Payload:
    channel = writable(call)
    _check_recipient(call, channel)
    message = posting.post(channel, call.bot, {}, thread_ts=thread(call, channel), streaming=True)
    _grow(message, call)
    call.world.clock.after(STREAM_LASTS_S, lambda: _end(message))
    return {"channel": channel.id, "ts": message.ts}


def _check_recipient(call: Call, channel: Channel) -> None:
    """Outside direct messages Slack wants to know for whom it streams."""
    if channel.kind is Kind.DIRECT:
        return
    if not call.get("recipient_team_id"):
        raise Refused("missing_recipient_team_id")
    if not call.get("recipient_user_id"):
        raise Refused("missing_recipient_user_id")
    call.user("recipient_user_id")
    if call.get("recipient_team_id") != call.workspace.id:
        raise Refused("team_not_found")


@method("chat.appendStream", "t4", needs="channel ts", takes="chunks markdown_text", scopes="chat:write")
def append_stream(call: Call) -> Payload:
    message = _streaming(call)
    if not call.get("markdown_text") and not call.get("chunks"):
        raise Refused("no_text")
    _grow(message, call)
    return {"channel": message.channel.id, "ts": message.ts}


@method(
    "chat.stopStream",
    "t2",
    needs="channel ts",
    takes="chunks markdown_text blocks metadata",
    scopes="chat:write",
)
def stop_stream(call: Call) -> Payload:
    message = _streaming(call)
    message.streaming = False
    message.metadata = call.get("metadata")
    _grow(message, call, call.get("blocks"))
    return {"channel": message.channel.id, "ts": message.ts, "message": message.payload()}


def _streaming(call: Call) -> Message:
    message = own(call, "message_not_owned_by_app", archived="is_archived")
    if not message.streaming:
        raise Refused("message_not_in_streaming_state")
    return message


def _grow(message: Message, call: Call, blocks: Any = None) -> None:
    message.markdown += str(call.get("markdown_text", ""))
    for chunk in call.get("chunks", []):
        if chunk["type"] == "markdown_text":
            message.markdown += str(chunk["text"])
        elif chunk["type"] == "blocks":
            message.blocks += deepcopy(chunk["blocks"])
    message.blocks += deepcopy(blocks or [])
    posting.name_blocks(message)
    posting.told(message)


def _end(message: Message) -> None:
    """Whatever still comes then fails; the message stays as it is and can be updated."""
    if message.streaming:
        message.streaming = False
        message.channel.world.changes.announce()
