"""Discord's Markdown: people's and models' text is shown as it is, and none of it means anything."""

from __future__ import annotations

import re

MESSAGE_LIMIT = 2000

_LINK = r"https?://[^\s<*`|\\\[\]]++(?![<*`|\\\[\]])"
_ANYWHERE = r"[\\*_~`|<@\[\]]|:(?=//)"
_LINE_START = r"(?:^|(?<=\r))[^\S\r\n]*(?:\d{1,9}(?=[.)]\s)|(?=(?:#{1,3}|[-+])\s)|(?=>|-#))"
_SPECIAL = re.compile(rf"(?P<link>{_LINK})|(?P<special>{_ANYWHERE})|(?P<start>{_LINE_START})", re.MULTILINE)


class DiscordMarkup:
    """Links stay links: within one, Discord takes nothing for markup, backslashes neither. That is why those that hold
    signs of markup, or end right before a <, are broken at their colon and escaped like any text.
    """

    def escape(self, text: str) -> str:
        return _SPECIAL.sub(_escaped, text)

    def strong(self, text: str) -> str:
        return f"**{text}**"

    def length(self, text: str) -> int:
        """In UTF-16 units, as Discord's clients count: never less than its servers do."""
        return len(text) + sum(1 for character in text if character > "\uffff")


MARKUP = DiscordMarkup()


def small(text: str) -> str:
    """One line of small print, escaped."""
    return f"-# {MARKUP.escape(' '.join(text.split()))}"


def quote(text: str) -> str:
    """Escaped text as a quotation, line by line."""
    return "\n".join(f"> {line}" for line in MARKUP.escape(text).split("\n"))


def _escaped(found: re.Match[str]) -> str:
    if found["special"]:
        return f"\\{found['special']}"
    if found["start"] is not None:
        return f"{found['start']}\\"
    return found[0]
