"""How wide letters are, and text that is made to have room."""

from __future__ import annotations

import re
from functools import cache

from matplotlib.ft2font import LoadFlags

from bots.insight.drawing.glyphs import clusters, drawable, font_of, fonts

_BOLD = 1.16
"""How much wider bold letters are, at most usual ones."""
_HINTED = 1.04
"""And drawn ones, which begin at whole pixels."""
_MEASURED_AT = 100.0
_SPACE = re.compile(r" (?![%·])")
"""Where a line may end: not before what belongs to the word in front of it."""


@cache
def families() -> list[str]:
    return list(fonts())


@cache
def _width_of(character: str) -> float:
    """In times of the letters' size; 0 for what no font has."""
    font = font_of(character)
    if font is None:
        return 0.0
    font.set_size(_MEASURED_AT, 72)
    glyph = font.load_char(ord(character), flags=LoadFlags.NO_HINTING)
    return glyph.linearHoriAdvance / 65536 / _MEASURED_AT


def measure(text: str, size: float, bold: bool = False) -> float:
    """How wide drawn text is, in points as `size` is."""
    return sum(map(_width_of, text)) * size * _HINTED * (_BOLD if bold else 1)


def fit(text: str, room: float, size: float, bold: bool = False) -> str:
    """As it can be drawn, its end left out where it needs more than so many points."""
    whole, shown = drawable(text), ""
    if measure(whole, size, bold) <= room:
        return whole
    for sign in clusters(whole):
        if measure(f"{shown}{sign}…", size, bold) > room:
            break
        shown += sign
    return f"{shown}…"


def wrap(text: str, room: float, size: float, bold: bool = False) -> tuple[str, ...]:
    """As it can be drawn, in lines of at most so many points."""
    lines = [""]
    for word in _SPACE.split(drawable(text)):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if measure(longer, size, bold) <= room:
            lines[-1] = longer
        else:
            lines += _broken(word, room, size, bold)
    return tuple(line for line in lines if line)


def _broken(word: str, room: float, size: float, bold: bool) -> list[str]:
    parts = [""]
    for character in word:
        if measure(parts[-1] + character, size, bold) > room:
            parts.append("")
        parts[-1] += character
    return parts
