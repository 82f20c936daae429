"""What people wrote, out of the form in which Slack brings it."""

from __future__ import annotations

import re

_CONTROL = re.compile(r"<([@#!]?)([^<>|]*)(?:\|([^<>]*))?>")
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))


def read_typed(text: str) -> str:
    """A command's text: Slack writes `&lt;` for what was typed as `<`."""
    for entity, character in _ENTITIES:
        text = text.replace(entity, character)
    return text


def read_message(text: str) -> str:
    """A message's text: links, people and channels as they were read."""
    return read_typed(_CONTROL.sub(_shown, text))


def without_mention(text: str, bot_user: str) -> str:
    """What was said to the bot, without the bot's name where that stands first, else anywhere."""
    mention = rf"<@{re.escape(bot_user)}(?:\|[^<>]*)?>"
    said, count = re.subn(rf"^\s*{mention}[ \t]*", "", text)
    return said if count else re.sub(rf"\s*{mention}", "", text, count=1)


def _shown(found: re.Match[str]) -> str:
    sign, what, label = found.groups()
    if sign == "!":
        return label or "@" + what.partition("^")[0]
    if sign in ("@", "#"):
        name = label or what
        return name if name.startswith(sign) else sign + name
    return _link(what, label)


def _link(url: str, label: str | None) -> str:
    """Slack makes links of what looks like one; what was typed is its label."""
    return label or url.removeprefix("mailto:")
