"""How messages come to be, change and go, and who hears of it."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from tests.fakes.slack_world import events, mentions
from tests.fakes.slack_world.messages import Message
from tests.fakes.slack_world.reading import visible_text

if TYPE_CHECKING:
    from tests.fakes.slack_world.channels import Channel
    from tests.fakes.slack_world.people import User

PARTS = {"text": "text", "blocks": "blocks", "attachments": "attachments", "markdown_text": "markdown"}


def post(channel: Channel, author: User, body: Mapping[str, Any], **about: Any) -> Message:
    message = Message(channel, channel.world.clock.ts(), author, **about)
    message.metadata = body.get("metadata")
    _fill(message, body)
    channel.posted.append(message)
    told(message, body)
    if not message.ephemeral:
        events.posted(message)
    return message


def edit(message: Message, body: Mapping[str, Any]) -> None:
    """Parts that are not named stay, except that new text without blocks takes the old blocks away."""
    before = message.payload()
    if "text" in body or "markdown_text" in body:
        message.blocks = []
    if body.get("blocks"):
        message.markdown = ""
    _fill(message, body)
    if "metadata" in body:
        message.metadata = body["metadata"] or None
    message.edited_ts = message.channel.world.clock.ts()
    told(message, body)
    events.changed(message, before)


def delete(message: Message) -> None:
    before = message.payload()
    message.deleted = True
    message.channel.world.changes.announce()
    events.deleted(message, before)


def told(message: Message, body: Mapping[str, Any] | None = None) -> None:
    """After every change: what people read now, and whom it calls."""
    message.versions.append(visible_text(message))
    if message.author.is_bot:
        mentions.record(message, body or {})
    message.channel.world.changes.announce()


def _fill(message: Message, body: Mapping[str, Any]) -> None:
    if "text" in body or "markdown_text" in body:
        message.text = message.markdown = ""
    for key, name in PARTS.items():
        if body.get(key) is not None:
            setattr(message, name, deepcopy(body[key]))
    name_blocks(message)


def name_blocks(message: Message) -> None:
    """Slack names those that have no name."""
    for number, block in enumerate(message.blocks):
        block.setdefault("block_id", f"b{number}{message.ts[-4:]}")


def react(message: Message, user: User, name: str) -> None:
    message.reactions.setdefault(name, []).append(user)
    events.reacted(message, user, name, "reaction_added")


def unreact(message: Message, user: User, name: str) -> None:
    message.reactions[name].remove(user)
    events.reacted(message, user, name, "reaction_removed")
