"""Whom the bot's messages call, and where they lead."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.fakes.slack_world.messages import Message

KINDS = (
    ("everybody", re.compile(r"<!(?:channel|here|everyone)(?:\|[^>]*)?>")),
    ("group", re.compile(r"<!subteam\^[^>]+>")),
    ("user", re.compile(r"<@[UWB][A-Z0-9]+(?:\|[^>]*)?>")),
    ("channel", re.compile(r"<#[CGD][A-Z0-9]+(?:\|[^>]*)?>")),
    ("link", re.compile(r"<(?:https?://|mailto:|slack://|tel:)[^>]+>")),
)
MARKDOWN_LINK = re.compile(r"!?\[[^\]\n]*\]\(\s*<?[^\s)]+[^)]*\)|<(?:https?://|mailto:)[^>\s]+>", re.IGNORECASE)
LINKED_NAMES = re.compile(r"(?<!\w)@(?:channel|here|everyone)\b|(?<![\w&])[@#][a-z][\w.-]*")
# What Slack makes of plain words by itself, outside code and what is marked already.
NOT_PARSED = re.compile(r"```.*?```|`[^`\n]+`|<[^<>]*>", re.DOTALL)
PARSED = re.compile(r"https?://[^\s<>]+|(?<!\w)@(?:channel|here|everyone)\b|(?<![\w&])#[\w-]+")
RICH = {"broadcast": "everybody", "usergroup": "group", "user": "user", "channel": "channel", "link": "link"}


@dataclass(frozen=True)
class Ping:
    """Something in one of the bot's messages that notifies or links."""

    message: Message
    kind: str
    """everybody, group, user, channel, link, or parsed: what Slack may find in mrkdwn that is not verbatim."""
    text: str

    def __str__(self) -> str:
        return f"{self.kind} {self.text}"


def record(message: Message, body: Mapping[str, Any]) -> None:
    world = message.channel.world
    known = {(each.kind, each.text) for each in world.pings if each.message is message}
    for kind, text in found(message, body):
        if (kind, text) not in known:
            known.add((kind, text))
            world.pings.append(Ping(message, kind, text))


def found(message: Message, body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from in_mrkdwn(message.text)
    yield from in_markdown(message.markdown)
    channels = {f"#{each.name}" for each in message.workspace.channels.values()}
    yield from in_blocks(message.blocks, channels)
    yield from in_blocks(message.attachments, channels)
    if body.get("link_names") or body.get("parse") == "full":
        for match in LINKED_NAMES.finditer(message.text):
            yield "everybody" if match[0] in ("@channel", "@here", "@everyone") else "user", match[0]


def in_mrkdwn(text: str) -> Iterator[tuple[str, str]]:
    """Escaped text holds no “<”, whatever else it says."""
    for kind, pattern in KINDS:
        for match in pattern.finditer(text):
            yield kind, match[0]


def in_markdown(text: str) -> Iterator[tuple[str, str]]:
    """Slack does not say what it makes of <!channel> in Markdown: taken to be the worst."""
    yield from in_mrkdwn(text)
    for match in MARKDOWN_LINK.finditer(text):
        yield "link", match[0]


def automatically(text: str, channels: Collection[str]) -> Iterator[tuple[str, str]]:
    for match in PARSED.finditer(NOT_PARSED.sub(" ", text)):
        if not match[0].startswith("#") or match[0] in channels:
            yield "parsed", match[0]


def in_blocks(part: Any, channels: Collection[str] = ()) -> Iterator[tuple[str, str]]:
    if isinstance(part, list):
        for each in part:
            yield from in_blocks(each, channels)
    elif isinstance(part, dict):
        yield from _in_part(part, channels)


def _in_part(part: dict[str, Any], channels: Collection[str]) -> Iterator[tuple[str, str]]:
    kind, text = part.get("type"), part.get("text")
    if kind in RICH:
        yield RICH[kind], str(part.get("user_id") or part.get("range") or part.get("url") or part)
    elif kind == "markdown" and isinstance(text, str):
        yield from in_markdown(text)
    elif isinstance(text, str) and (kind == "mrkdwn" or "fallback" in part):
        yield from in_mrkdwn(text)
        if not part.get("verbatim"):
            yield from automatically(text, channels)
    elif kind != "plain_text":
        for value in part.values():
            yield from in_blocks(value, channels)
