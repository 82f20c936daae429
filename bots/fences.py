"""Finds the code blocks in a text: where a line of three backticks opens one and another closes it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

FENCE = "```"
_OPENS = re.compile(r"^ {0,3}```(?P<language>[\w+#.-]{0,20})[ \t]*(?:\n|\Z)", re.MULTILINE)
_CLOSES = re.compile(r"^ {0,3}```[ \t]*(?:\n|\Z)", re.MULTILINE)
_INVISIBLE = "\u200b"
"""Between backticks inside a block, which platforms would take for its end, and in a block that is empty, which they
would take for an open one."""
_TWO_OF_THREE = re.compile(r"`\f*`(?=\f*`)")
"""Platforms drop form feeds before they look for fences."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A run of text, fenced or not. `body_start` and `body_end` leave out the lines with the fences."""

    start: int
    end: int
    fenced: bool = False
    language: str = ""
    body_start: int = 0
    body_end: int = 0

    @property
    def closed(self) -> bool:
        return self.body_end < self.end

    def pieces(self, text: str) -> Iterator[tuple[str, bool]]:
        """The text in order; True with what may not be cut."""
        if not self.fenced:
            yield text[self.start : self.end], False
            return
        yield text[self.start : self.body_start], True
        yield text[self.body_start : self.body_end], False
        if self.closed:
            yield text[self.body_end : self.end], True

    def shown(self, text: str, start: int, end: int) -> str:
        """A part of a fenced stretch, its fences where they lie within."""
        body = text[max(start, self.body_start) : min(end, self.body_end)]
        opening = f"{FENCE}{self.language}\n" if start < self.body_start else ""
        closing = text[max(self.body_end, start) : end].lstrip(" ")
        return opening + _filled(_TWO_OF_THREE.sub(rf"\g<0>{_INVISIBLE}", body)) + closing


def _filled(body: str) -> str:
    """What stands between two fences, with something to see if there is nothing but lines."""
    return body if body.strip("\n\r\f") else f"{_INVISIBLE}{body or chr(10)}"


def find_stretches(text: str) -> tuple[Stretch, ...]:
    """The whole text as stretches, in order; a block that nothing closes goes on to the end."""
    stretches, at = [], 0
    while (opens := _OPENS.search(text, at)) is not None:
        closes = _CLOSES.search(text, opens.end())
        body_end, end = (closes.start(), closes.end()) if closes else (len(text), len(text))
        if opens.start() > at:
            stretches.append(Stretch(at, opens.start()))
        stretches.append(Stretch(opens.start(), end, True, opens["language"], opens.end(), body_end))
        at = end
        if end == len(text):
            break
    if at < len(text):
        stretches.append(Stretch(at, len(text)))
    return tuple(stretches)
