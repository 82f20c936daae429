"""Tokens so that nobody can take one for another: spaces, line breaks and half characters become visible.

Only what is shown changes; a backslash is doubled, so `\\xE2` always means a byte.
"""

from __future__ import annotations

import re
import unicodedata

_SIGNS = {" ": "␣", "\n": "↵", "\t": "⇥", "\\": "\\\\"}
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"}
_DIRECTIONS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""They only say which way text runs."""
_ISOLATE, _END = "\u2068", "\u2069"
"""Around text of either direction, so that what stands beside it keeps its order."""


def spell_token(token: bytes) -> str:
    """`␣the`, `↵`, `\\xE2\\x80`; a token without bytes is the one that begins or ends a text."""
    if not token:
        return "(end)"
    try:
        text = token.decode()
    except UnicodeDecodeError:
        return "".join(_spell_byte_run(token))
    return spell_text(text)


def spell_text(text: str) -> str:
    spelled = "".join(map(_spell_character, text))
    return f"◌{spelled}" if spelled and unicodedata.category(spelled[0]).startswith("M") else spelled


def quoted_token(token: bytes) -> str:
    """For a sentence: in quotes, and apart from the direction of what surrounds it."""
    return f'"{isolated(spell_token(token))}"'


def isolated(text: str) -> str:
    return f"{_ISOLATE}{text}{_END}"


def show_directions(text: str) -> str:
    """The text with code points for what turns its direction, as that turns what stands beside it too."""
    return _DIRECTIONS.sub(lambda found: code_point(found[0]), text)


def without_isolates(text: str) -> str:
    return text.replace(_ISOLATE, "").replace(_END, "")


def spell_excerpt(text: str, limit: int) -> str:
    """The end of a text in quotes, as it is read, line breaks visible."""
    cut = text if len(text) <= limit else f"…{text[-limit + 1 :]}"
    return f'"{isolated(spell_text(cut).replace("␣", " "))}"'


def _spell_character(character: str) -> str:
    if character in _SIGNS:
        return _SIGNS[character]
    if unicodedata.category(character) in _INVISIBLE:
        return code_point(character)
    return character


def code_point(character: str) -> str:
    """`\\u{200D}`."""
    return f"\\u{{{ord(character):X}}}"


def _spell_byte_run(token: bytes) -> list[str]:
    """Whole characters as they are, the other bytes as numbers."""
    return [
        _spell_byte(character) if "\udc80" <= character <= "\udcff" else _spell_character(character)
        for character in token.decode("utf-8", "surrogateescape")
    ]


def _spell_byte(character: str) -> str:
    return f"\\x{ord(character) - 0xDC00:02X}"
