"""The words a server doesn't want to read."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import regex

MASK = "▇"

_STARS = regex.compile(r"\*+")
_SPACE = regex.compile(r"\s+")


class WordFilter:
    """Whole words, whatever their case; `*` stands for any letters. Words of stars and spaces only are passed over."""

    def __init__(self, words: Sequence[str]) -> None:
        meant = dict.fromkeys(word.strip() for word in words if _STARS.sub("", word).strip())
        spelled = dict.fromkeys(unicodedata.normalize(form, word) for word in meant for form in ("NFC", "NFD"))
        alternatives = "|".join(_pattern(word) for word in sorted(spelled, key=len, reverse=True))
        flags = regex.IGNORECASE | regex.FULLCASE
        self._pattern = regex.compile(rf"(?<!\w)(?:{alternatives})(?!\w)", flags) if meant else None

    def finds(self, text: str) -> bool:
        return self._pattern is not None and self._pattern.search(text) is not None

    def mask(self, text: str) -> str:
        """The text with each unwanted word covered, length kept."""
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda found: MASK * len(found[0]), text)


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
