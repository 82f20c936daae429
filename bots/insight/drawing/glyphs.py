"""Text that can be drawn: fonts in the order they are tried, and words for signs that none of them has."""

from __future__ import annotations

import unicodedata
from functools import cache

import regex
from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

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
_BOX = "□"
"""For a letter, whose name would say less than a sign's."""
_UNSEEN = frozenset({"\u200d", "\ufe0e", "\ufe0f", *map(chr, range(0x1F3FB, 0x1F400))})
"""Joiners, picture signs and skin tones: they only change how others look."""


@cache
def fonts() -> tuple[str, ...]:
    """Those of the wanted fonts that are here."""
    here = set(font_manager.get_font_names())
    return tuple(name for name in WANTED_FONTS if name in here)


@cache
def _drawable() -> frozenset[int]:
    paths = (font_manager.findfont(name) for name in fonts())
    return frozenset().union(*(FT2Font(path).get_charmap() for path in paths))


def drawable(text: str) -> str:
    """The text with a word in ‹› for each sign that no font has: `‹rocket›`."""
    return "".join(map(_drawable_cluster, _CLUSTER.findall(text)))


def _drawable_cluster(cluster: str) -> str:
    if len(cluster) == 1 and ord(cluster) in _drawable():
        return cluster
    seen = [character for character in cluster if character not in _UNSEEN]
    if all(ord(character) in _drawable() for character in seen):
        return cluster if "\u200d" not in cluster else "".join(seen)
    if all(unicodedata.category(character) in _SIGNS for character in seen):
        return f"‹{' '.join(unicodedata.name(character, 'sign').lower() for character in seen)}›"
    return _BOX
