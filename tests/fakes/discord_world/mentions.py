"""Whom a message notifies: what it mentions, less what `allowed_mentions` keeps quiet."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.fakes.discord_world.permissions import Permission

if TYPE_CHECKING:
    from tests.fakes.discord_world.messages import Message

MENTION = re.compile(r"@everyone|@here|<@!?(?P<user>\d+)>|<@&(?P<role>\d+)>")
CODE = re.compile(r"```.*?```|``.*?``|`[^`\n]*`", re.DOTALL)
ESCAPED = re.compile(r"\\[\\`*_<@>]")
EVERYTHING = ("users", "roles", "everyone")
USERS_ONLY = ("users",)


def pings(message: Message, text: str, allowed: Mapping[str, Any] | None, by_default: tuple[str, ...]) -> list[str]:
    rules: Mapping[str, Any] = {"parse": by_default, "replied_user": True} if allowed is None else allowed
    shown = ESCAPED.sub("", CODE.sub("", text))
    found = [match[0] for match in MENTION.finditer(shown) if _allowed(message, match, rules)]
    return list(dict.fromkeys(each.replace("<@!", "<@") for each in found + _replied(message, rules)))


def _allowed(message: Message, match: re.Match[str], rules: Mapping[str, Any]) -> bool:
    parse = rules.get("parse", ())
    if match["user"]:
        return "users" in parse or match["user"] in map(str, rules.get("users", ()))
    if match["role"]:
        return "roles" in parse or match["role"] in map(str, rules.get("roles", ()))
    return "everyone" in parse and _may_ping_everyone(message)


def _may_ping_everyone(message: Message) -> bool:
    held = message.author.world.permissions_of(message.author, message.channel)
    return bool(held & Permission.MENTION_EVERYONE)


def _replied(message: Message, rules: Mapping[str, Any]) -> list[str]:
    """Replying notifies the author unless asked not to."""
    if not message.reference or not rules.get("replied_user", False):
        return []
    target = message.channel.held.get(int(message.reference["message_id"]))
    return [target.author.mention] if target and target.author is not message.author else []
