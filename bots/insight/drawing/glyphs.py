"""Text that can be drawn: fonts in the order they are tried, and names for what none of them has."""

from __future__ import annotations

import unicodedata
from functools import cache

import regex
from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

from bots.insight.spelling import code_point, show_directions, without_isolates

WANTED_FONTS = (
    "DejaVu Sans",
    "Noto Sans",
    "Noto Emoji",
    "Noto Sans Arabic",
    "Noto Sans Hebrew",
    "Noto Sans Devanagari",
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Segoe UI Emoji",
    "Segoe UI Symbol",
    "Apple Symbols",
    "Arial Unicode MS",
)
"""The first comes with matplotlib; of the others, whatever the machine has."""
_CLUSTER = regex.compile(r"\X")
_SIGNS = ("So", "Sk", "Sm")
_UNSEEN = frozenset({"\u200d", "\ufe0e", "\ufe0f", *map(chr, range(0x1F3FB, 0x1F400))})
"""Joiners, picture signs and skin tones: they only change how others look."""


@cache
def fonts() -> tuple[str, ...]:
    """Those of the wanted fonts that are here."""
    here = set(font_manager.get_font_names())
    return tuple(name for name in WANTED_FONTS if name in here)


@cache
def _charmaps() -> tuple[tuple[FT2Font, frozenset[int]], ...]:
    """Each font with the code points it can draw."""
    opened = (FT2Font(font_manager.findfont(font_manager.FontProperties(family=name))) for name in fonts())
    return tuple((font, frozenset(font.get_charmap())) for font in opened)


@cache
def font_of(character: str) -> FT2Font | None:
    """The first that can draw it."""
    return next((font for font, known in _charmaps() if ord(character) in known), None)


def drawable(text: str) -> str:
    """As it can be drawn: of what no font has, a sign is its name, `‹rocket›`, a letter its code point, `\\u{6F22}`."""
    return "".join(map(_drawable_cluster, clusters(show_directions(without_isolates(text)))))


def clusters(text: str) -> list[str]:
    """What is read as one sign each."""
    return _CLUSTER.findall(text)


def _drawable_cluster(cluster: str) -> str:
    if len(cluster) == 1 and font_of(cluster):
        return cluster
    seen = [character for character in cluster if character not in _UNSEEN]
    if seen and all(map(font_of, seen)):
        return cluster if "\u200d" not in cluster else "".join(seen)
    if seen and all(unicodedata.category(character) in _SIGNS for character in seen):
        return f"‹{' '.join(unicodedata.name(character, 'sign').lower() for character in seen)}›"
    return "".join(character if font_of(character) else code_point(character) for character in cluster)
