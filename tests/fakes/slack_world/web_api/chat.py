"""Messages by the bot."""

from __future__ import annotations

from tests.fakes.slack_world import posting
from tests.fakes.slack_world.channels import Channel, Kind
from tests.fakes.slack_world.messages import Message
from tests.fakes.slack_world.web_api.calls import Call, Payload, method
from tests.fakes.slack_world.web_api.refusals import Refused

LOOKS = "icon_emoji icon_url username as_user"
SAID = "text blocks attachments markdown_text metadata parse link_names"
TRUNCATED_OVER = 40_000


@method(
    "chat.postMessage",
    "t5",
    needs="channel",
    takes=f"{SAID} {LOOKS} current_draft_last_updated_ts mrkdwn reply_broadcast thread_ts unfurl_links unfurl_media",
    scopes="chat:write",
)
def post_message(call: Call) -> Payload:
    channel = writable(call)
    body = dict(call.arguments)
    if len(call.text("text")) > TRUNCATED_OVER:
        body["text"] = call.text("text")[:TRUNCATED_OVER]
        call.warnings.append("message_truncated")
    message = posting.post(channel, call.bot, body, thread_ts=thread(call, channel))
    return {"channel": channel.id, "ts": message.ts, "message": message.payload()}


def writable(call: Call, name: str = "channel") -> Channel:
    """Where the bot may write: a person's id stands for the conversation with them."""
    user = call.workspace.users.get(call.text(name))
    channel = call.workspace.direct_channel(user) if user else call.channel(name)
    if channel.archived:
        raise Refused("is_archived")
    may_anywhere = channel.kind is Kind.PUBLIC and call.has_scope("chat:write.public")
    if call.bot not in channel.members and not may_anywhere:
        raise Refused("not_in_channel")
    if channel.read_only:
        raise Refused("restricted_action_read_only_channel")
    if channel.kind is Kind.DIRECT and not call.world.app.answers_messages:
        raise Refused("messages_tab_disabled")
    return channel


def thread(call: Call, channel: Channel) -> str | None:
    """The root's ts, also where a reply's was given."""
    if not (ts := call.get("thread_ts")):
        return None
    found = next((each for each in channel.posted if each.ts == ts), None)
    if found is None:
        call.violated("/thread_ts", "names no message in this channel")
    if found is None or found.deleted:
        raise Refused("cannot_reply_to_message")
    if found.thread_ts not in (None, found.ts):
        call.violated("/thread_ts", "names a reply, not the thread's first message")
        return found.thread_ts
    return found.ts


@method(
    "chat.update",
    "t3",
    needs="channel ts",
    takes=f"{SAID} as_user unfurled_attachments reply_broadcast file_ids",
    scopes="chat:write",
)
def update(call: Call) -> Payload:
    message = own(call, "cant_update_message", archived="is_inactive")
    if message.streaming:
        raise Refused("streaming_state_conflict")
    window_s = call.workspace.edit_window_s
    if window_s is not None and call.world.clock.now() - float(message.ts) > window_s:
        raise Refused("edit_window_closed")
    posting.edit(message, call.arguments)
    told = message.payload()
    # Unlike chat.postMessage's, this message has no ts of its own.
    del told["ts"]
    return {"channel": message.channel.id, "ts": message.ts, "text": told["text"], "message": told}


def own(call: Call, otherwise: str, *, archived: str) -> Message:
    """The message by this bot, or the error for others' and for those in archived channels."""
    channel = call.channel()
    message = channel.find(call.text("ts"))
    if message is None:
        raise Refused("message_not_found")
    if message.author is not call.bot:
        raise Refused(otherwise)
    if channel.archived:
        raise Refused(archived)
    return message


@method("chat.delete", "t3", needs="channel ts", takes="as_user", scopes="chat:write")
def delete(call: Call) -> Payload:
    message = own(call, "cant_delete_message", archived="cant_delete_message")
    posting.delete(message)
    return {"channel": message.channel.id, "ts": message.ts}


@method(
    "chat.postEphemeral",
    "t4",
    needs="channel user",
    takes=f"{SAID} {LOOKS} thread_ts",
    scopes="chat:write",
)
def post_ephemeral(call: Call) -> Payload:
    channel = writable(call)
    user = call.workspace.users.get(call.text("user"))
    if user is None or user not in channel.members:
        raise Refused("user_not_in_channel")
    message = posting.post(channel, call.bot, call.arguments, thread_ts=thread(call, channel), ephemeral_to=user)
    return {"message_ts": message.ts}


@method("chat.getPermalink", "t5", needs="channel message_ts", json=False)
def get_permalink(call: Call) -> Payload:
    channel = call.channel()
    message = channel.find(call.text("message_ts"))
    if message is None:
        raise Refused("message_not_found")
    return {"channel": channel.id, "permalink": message.permalink}


@method(
    "assistant.threads.setStatus",
    "t5",
    needs="channel_id thread_ts status",
    takes="loading_messages icon_emoji icon_url username",
    scopes="chat:write",
)
def set_status(call: Call) -> Payload:
    """Shown while the bot thinks; nothing here looks at it but tests."""
    writable(call, "channel_id")
    return {}
