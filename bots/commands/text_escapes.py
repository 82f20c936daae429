"""Invisible characters as people type them in a stop string, where a chat line or a shell can hardly hold them."""

from __future__ import annotations

import re

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "s": " "}


def read_escapes(typed: str) -> str:
    """The text with `\\n`, `\\t`, `\\r`, `\\s` (space), `\\"` and `\\\\` read; any other backslash stays."""
    return re.sub(r"\\([ntrs\\\"])", lambda found: _ESCAPES[found[1]], typed)
