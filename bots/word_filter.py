"""The words a server doesn't want to read."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import regex

MASK = "▇"

_STARS = regex.compile(r"\*+")
_SPACE = regex.compile(r"\s+")
_GAPS = regex.compile(r"[*\s]+")
_FLAGS = regex.IGNORECASE
"""Not FULLCASE, which would take ß for SS by itself: with it, some searches never end (`*ßaa` in `ssAAs`)."""


@dataclass(frozen=True, slots=True)
class _Word:
    """`core` is a part of every match, and quick to look for: most texts hold none, and are done with."""

    core: regex.Pattern[str]
    pattern: str


class WordFilter:
    """Whole words, whatever their case (ß stands for SS, too); `*` stands for any letters.

    Words of stars and spaces only are passed over.
    """

    def __init__(self, words: Sequence[str]) -> None:
        meant = dict.fromkeys(word.strip() for word in words if _STARS.sub("", word).strip())
        folded = [*meant, *(word.casefold() for word in meant)]
        spelled = dict.fromkeys(unicodedata.normalize(form, word) for word in folded for form in ("NFC", "NFD"))
        self._words = [_Word(_core(word), _pattern(word)) for word in sorted(spelled, key=len, reverse=True)]

    def finds(self, text: str) -> bool:
        """Lets other threads run meanwhile."""
        found = self._pattern_for(text)
        return found is not None and found.search(text, concurrent=True) is not None

    def mask(self, text: str) -> str:
        """The text with each unwanted word covered, length kept."""
        found = self._pattern_for(text)
        return text if found is None else found.sub(lambda match: MASK * len(match[0]), text)

    def _pattern_for(self, text: str) -> regex.Pattern[str] | None:
        """Of those words only that this text may hold."""
        near = [word.pattern for word in self._words if word.core.search(text, concurrent=True) is not None]
        return regex.compile(rf"(?<!\w)(?:{'|'.join(near)})(?!\w)", _FLAGS) if near else None


@lru_cache(maxsize=64)
def make_filter(words: tuple[str, ...]) -> WordFilter:
    """One for each list, as making it takes a while."""
    return WordFilter(words)


def _core(word: str) -> regex.Pattern[str]:
    """The word's longest stretch without stars and spaces."""
    return regex.compile(_literal(max(_GAPS.split(word), key=len)), _FLAGS)


def _pattern(word: str) -> str:
    """Between two stars the first place that fits is as good as any, so it is never given up for another (`(?>…)`).

    Otherwise `*a*a*a*a*b` would keep the process busy for minutes, and it serves other servers too.
    """
    first, *between = [_literal(part) for part in _STARS.split(word)]
    if not between:
        return first
    last = between.pop()
    ending = rf"\w*{last}" if last else r"\w*+"
    return first + "".join(rf"(?>\w*?{part})" for part in between) + ending


def _literal(part: str) -> str:
    """The part as it is, any space in it standing for any stretch of space.

    Always a whole stretch: two neighbours that share one could share it in as many ways as it has characters.
    """
    return r"(?<!\s)\s++".join(regex.escape(piece, special_only=True) for piece in _SPACE.split(part))
