"""The words a server doesn't want to read."""

from __future__ import annotations

from collections.abc import Sequence

import regex

MASK = "▇"


class WordFilter:
    """Whole words, whatever their case; `*` stands for any letters."""

    def __init__(self, words: Sequence[str]) -> None:
        alternatives = "|".join(regex.escape(word, special_only=True).replace(r"\*", r"\w*") for word in words)
        self._pattern = regex.compile(rf"(?<!\w)(?:{alternatives})(?!\w)", regex.IGNORECASE) if words else None

    def finds(self, text: str) -> bool:
        return self._pattern is not None and self._pattern.search(text) is not None

    def mask(self, text: str) -> str:
        """The text with each unwanted word covered, length kept."""
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda found: MASK * len(found[0]), text)
