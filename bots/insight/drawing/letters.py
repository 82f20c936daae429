"""Letters that the picture's fonts have, and how wide they are; what no font can draw is named by its code point."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from matplotlib.font_manager import FontProperties, findfont
from matplotlib.ft2font import FT2Font, LoadFlags

from bots.insight.drawing.glyphs import fonts
from bots.insight.spelling import code_point, without_isolates

_BOLD = 1.16
"""How much wider bold letters are, at most usual ones."""
_HINTED = 1.04
"""And drawn ones, which begin at whole pixels."""
_MEASURED_AT = 100.0


@cache
def families() -> list[str]:
    return list(fonts())


@cache
def _fonts() -> list[tuple[FT2Font, frozenset[int]]]:
    """Each with the code points it can draw."""
    fonts = [FT2Font(findfont(FontProperties(family=name))) for name in families()]
    return [(font, frozenset(font.get_charmap())) for font in fonts]


@cache
def _width_of(character: str) -> float:
    """In times of the letters' size; 0 for what no font has."""
    for font, drawable in _fonts():
        if ord(character) in drawable:
            font.set_size(_MEASURED_AT, 72)
            glyph = font.load_char(ord(character), flags=LoadFlags.NO_HINTING)
            return glyph.linearHoriAdvance / 65536 / _MEASURED_AT
    return 0.0


def draw(text: str) -> str:
    """The text as it can be drawn."""
    return "".join(_pieces(text))


def measure(text: str, size: float, bold: bool = False) -> float:
    """How wide drawn text is, in points as `size` is."""
    return sum(map(_width_of, text)) * size * _HINTED * (_BOLD if bold else 1)


def fit(text: str, room: float, size: float, bold: bool = False) -> str:
    """As it can be drawn, its end left out where it needs more than so many points."""
    if measure(draw(text), size, bold) <= room:
        return draw(text)
    shown = ""
    for piece in _pieces(text):
        if measure(f"{shown}{piece}…", size, bold) > room:
            break
        shown += piece
    return f"{shown}…"


def wrap(text: str, room: float, size: float, bold: bool = False) -> tuple[str, ...]:
    """As it can be drawn, in lines of at most so many points."""
    lines = [""]
    for word in draw(text).split(" "):
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


def _pieces(text: str) -> Iterator[str]:
    for character in without_isolates(text):
        yield character if any(ord(character) in drawable for _, drawable in _fonts()) else code_point(character)
