"""What a picture's bars and strokes look like, and the lines that say what they stand for."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from bots.insight.drawing.letters import families, measure
from bots.insight.drawing.style import (
    CUT,
    GIVEN,
    INK,
    MARGIN_IN,
    MODEL,
    PAPER,
    POINTS_PER_INCH,
    PROMPT,
    SOFT_INK,
    TINY,
    WIDTH_IN,
)

Entries = Sequence[tuple[str, str]]
"""A mark, and its words."""
_COLOURS = {"given": GIVEN, "tempered": INK, "kept": MODEL, "cut": CUT, "human": PROMPT}
_THICK_IN, _THIN_IN, STROKE_IN = 0.16, 0.07, 0.018
_LEAST_IN = 0.008
_HATCH = "//////"
_LINE_IN, _SWATCH_IN, _SWATCH_THICK_IN = 0.19, 0.16, 0.1
_WORDS_AFTER_IN, _APART_IN = 0.05, 0.16


def draw_mark(panel: Axes, mark: str, left: float, middle: float, length: float, is_soft: bool = False) -> None:
    """A bar of so many inches; what is after temperature is a stroke where its bar would end."""
    if mark == "tempered":
        left, length = left + length - STROKE_IN / 2, STROKE_IN
    _draw_bar(panel, mark, (left, middle), (length, _THIN_IN if mark == "kept" else _THICK_IN), is_soft)


def _draw_bar(
    panel: Axes, mark: str, place: tuple[float, float], size: tuple[float, float], is_soft: bool = False
) -> None:
    (left, middle), (length, thickness) = place, size
    colour = SOFT_INK if is_soft else _COLOURS[mark]
    corner, width = (left, middle - thickness / 2), max(length, _LEAST_IN)
    hatch = _HATCH if mark == "cut" else None
    panel.add_patch(Rectangle(corner, width, thickness, facecolor=colour, edgecolor=PAPER, linewidth=0, hatch=hatch))


def legend_height(entries: Entries) -> float:
    return _LINE_IN * len(_lines(entries)) + 0.03


def draw_legend(panel: Axes, entries: Entries, top: float) -> None:
    """One after the other, in as many lines as they need."""
    for number, line in enumerate(_lines(entries)):
        middle = top - (number + 0.5) * _LINE_IN
        for left, mark, words in line:
            size = _swatch(mark)
            _draw_bar(panel, mark, (left, middle), size)
            words_at = left + size[0] + _WORDS_AFTER_IN
            panel.text(words_at, middle, words, size=TINY, va="center", color=SOFT_INK, family=families())


def _swatch(mark: str) -> tuple[float, float]:
    return (STROKE_IN, _THICK_IN) if mark == "tempered" else (_SWATCH_IN, _SWATCH_THICK_IN)


def _lines(entries: Entries) -> list[list[tuple[float, str, str]]]:
    """Each entry with its place from the left."""
    lines: list[list[tuple[float, str, str]]] = [[]]
    left = MARGIN_IN
    for mark, words in entries:
        width = _swatch(mark)[0] + _WORDS_AFTER_IN + measure(words, TINY) / POINTS_PER_INCH
        if lines[-1] and left + width > WIDTH_IN - MARGIN_IN:
            lines.append([])
            left = MARGIN_IN
        lines[-1].append((left, mark, words))
        left += width + _APART_IN
    return lines
