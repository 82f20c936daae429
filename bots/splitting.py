"""Cuts a long result into messages: at natural boundaries, with code fences closed and opened again, nothing lost.

A platform says how its text is marked up; where the cuts fall is the same for all. A text that grows keeps its cuts.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import regex

from bots.fences import FENCE, Stretch, find_stretches

LONGEST_CLUSTER = 32
"""Characters of a grapheme that are kept together; some texts pile hundreds of marks on one letter."""
_BOUNDARIES = (
    (regex.compile(r"\n[ \t]*\n"), 0.5),
    (regex.compile(r"\n"), 0.5),
    (regex.compile(r"""[.!?…。！？]["'”’)\]]*\s|[。！？]"""), 0.5),
    (regex.compile(r"\s"), 0.25),
)
"""Where a cut reads best, the best first, and how much of the part must come before it."""
_CLUSTER = regex.compile(r"\X")


class Markup(Protocol):
    """How a platform writes text. Escaping adds characters before others, at most one each, and removes none."""

    def escape(self, text: str) -> str:
        """The text so that it is shown as it is. Its first character counts as a line's beginning."""
        ...

    def strong(self, text: str) -> str:
        """Escaped text, emphasised."""
        ...

    def length(self, text: str) -> int:
        """How much of a message's limit it takes."""
        ...


def split(prompt: str, completion: str, markup: Markup, limit: int) -> tuple[str, ...]:
    """Prompt (emphasised) and completion as marked-up parts of at most `limit`; at least one, maybe empty."""
    return tuple(_Splitter(prompt, completion, markup, limit).parts()) or ("",)


@dataclass(frozen=True, slots=True)
class _Part:
    start: int
    end: int


class _Splitter:
    def __init__(self, prompt: str, completion: str, markup: Markup, limit: int) -> None:
        self._text = prompt + completion
        self._emphasised = len(prompt)
        self._markup = markup
        self._limit = limit
        self._stretches = find_stretches(self._text)
        units = list(_units(self._text, self._stretches))
        self._starts = [*itertools.accumulate((len(unit) for unit in units), initial=0)]
        costs = {unit: markup.length(markup.escape(unit)) for unit in set(units)}
        self._costs = [*itertools.accumulate((costs[unit] for unit in units), initial=0)]

    def parts(self) -> Iterator[str]:
        start = 0
        while start < len(self._text):
            part = self._next(start)
            shown = self._render(part)
            if shown.strip():
                yield shown
            start = part.end

    def _next(self, start: int) -> _Part:
        """The longest part from here that fits, cut where it reads best."""
        first = bisect.bisect_left(self._starts, start)
        last = bisect.bisect_right(self._costs, self._costs[first] + self._limit) - 1
        while last > first + 1 and (excess := self._excess(_Part(start, self._starts[last]))) > 0:
            last = max(first + 1, last - max(1, excess // 4))
        end = self._starts[max(last, first + 1)]
        if end >= len(self._text):
            return _Part(start, len(self._text))
        return _Part(start, self._best_cut(start, end))

    def _excess(self, part: _Part) -> int:
        """What emphasis, fences and marks at lines' beginnings add to the sum of the units."""
        return self._markup.length(self._render(part)) - self._limit

    def _best_cut(self, start: int, end: int) -> int:
        for pattern, share in _BOUNDARIES:
            least = start + int((end - start) * share)
            for found in reversed(list(pattern.finditer(self._text, least, end))):
                at = bisect.bisect_left(self._starts, found.end())
                if self._starts[at] == found.end() and found.end() > start:
                    return int(found.end())
        return end

    def _render(self, part: _Part) -> str:
        overlapping = (each for each in self._stretches if each.start < part.end and each.end > part.start)
        return "".join(self._render_stretch(each, part) for each in overlapping)

    def _render_stretch(self, stretch: Stretch, part: _Part) -> str:
        start, end = max(stretch.start, part.start), min(stretch.end, part.end)
        if not stretch.fenced:
            return self._prose(start, end)
        if stretch.start < start and start >= stretch.body_end:
            return ""  # Only the closing fence is left, and the part before has closed it.
        opening = "" if start == stretch.start else f"{FENCE}{stretch.language}\n"
        body = stretch.shown(self._text, start, end)
        closed = stretch.closed and end == stretch.end
        return f"{opening}{body}{'' if closed else FENCE if body.endswith(chr(10)) else chr(10) + FENCE}"

    def _prose(self, start: int, end: int) -> str:
        border = min(max(self._emphasised, start), end)
        strong, plain = self._text[start:border], self._text[border:end]
        return self._emphasise(strong) + self._markup.escape(plain)

    def _emphasise(self, text: str) -> str:
        """The space around it stays outside, where platforms want it."""
        core = text.strip()
        if not core:
            return text
        before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
        return before + self._markup.strong(self._markup.escape(core)) + after


def _units(text: str, stretches: tuple[Stretch, ...]) -> Iterator[str]:
    """What may not be cut: graphemes, and the lines that open or close a fence."""
    for stretch in stretches:
        for piece, whole in stretch.pieces(text):
            if whole:
                yield piece
            else:
                yield from _clusters(piece)


def _clusters(text: str) -> Iterator[str]:
    for cluster in _CLUSTER.findall(text):
        for start in range(0, len(cluster), LONGEST_CLUSTER):
            yield cluster[start : start + LONGEST_CLUSTER]
