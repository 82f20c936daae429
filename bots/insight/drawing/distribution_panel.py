"""The likeliest next tokens as bars: as the model gave them, and what temperature and filters made of them."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from backends.explanation import Candidate
from bots.insight.drawing.letters import families, fit, measure
from bots.insight.drawing.style import (
    CUT,
    GIVEN,
    INK,
    MARGIN_IN,
    MODEL,
    PAPER,
    POINTS_PER_INCH,
    SMALL,
    SOFT_INK,
    TINY,
    WIDTH_IN,
)
from bots.insight.insight import Insight, percent
from bots.insight.spelling import spell_token
from bots.insight.table import ROWS

_ROW_IN, _LEGEND_IN = 0.23, 0.22
_BARS_IN = 1.08
"""Where the bars begin."""
_NUMBERS_IN = 1.2
"""What stays for the numbers at the right."""
_LABEL_ROOM = (_BARS_IN - MARGIN_IN - 0.06) * POINTS_PER_INCH
_LEAST_IN = 0.008
_HATCH = "//////"


def distribution_height(insight: Insight) -> float:
    return _LEGEND_IN + _ROW_IN * max(1, len(insight.candidates[:ROWS]))


def draw_distribution(panel: Axes, insight: Insight) -> None:
    """In inches from the panel's lower left corner."""
    height = distribution_height(insight)
    panel.set_xlim(0, WIDTH_IN)
    panel.set_ylim(0, height)
    panel.axis("off")
    _draw_legend(panel, insight, height - _LEGEND_IN / 2)
    shown = insight.candidates[:ROWS]
    longest = max((max(each.given, each.kept or 0) for each in shown), default=1) or 1
    for place, candidate in enumerate(shown):
        middle = height - _LEGEND_IN - (place + 0.5) * _ROW_IN
        _draw_bars(panel, candidate, middle, (WIDTH_IN - _BARS_IN - _NUMBERS_IN - MARGIN_IN) / longest)
        _draw_words(panel, candidate, middle, candidate.token == insight.chosen)


def _draw_words(panel: Axes, candidate: Candidate, middle: float, bold: bool) -> None:
    """The token at the left, its numbers at the right; bold where it is the one that was written."""
    label = fit(spell_token(candidate.token), _LABEL_ROOM, SMALL, bold)
    colour, weight = SOFT_INK if candidate.kept == 0 else INK, "bold" if bold else "normal"
    for right, words, size in ((_BARS_IN - 0.06, label, SMALL), (WIDTH_IN - MARGIN_IN, _numbers(candidate), TINY)):
        panel.text(
            right, middle, words, size=size, color=colour, weight=weight, ha="right", va="center",
            parse_math=False, family=families(),
        )  # fmt: skip


def _numbers(candidate: Candidate) -> str:
    if candidate.kept is None:
        return percent(candidate.given)
    return f"{percent(candidate.given)} → {percent(candidate.kept) if candidate.kept else 'cut off'}"


def _draw_bars(panel: Axes, candidate: Candidate, middle: float, inches_each: float) -> None:
    cut = candidate.kept == 0
    _draw_bar(panel, _BARS_IN, middle, (candidate.given * inches_each, 0.16), CUT if cut else GIVEN)
    if candidate.kept:
        _draw_bar(panel, _BARS_IN, middle, (candidate.kept * inches_each, 0.07), MODEL)


def _draw_bar(panel: Axes, left: float, middle: float, size: tuple[float, float], colour: str) -> None:
    width, height = max(size[0], _LEAST_IN), size[1]
    hatch = _HATCH if colour == CUT else None
    panel.add_patch(
        Rectangle(
            (left, middle - height / 2), width, height, facecolor=colour, edgecolor=PAPER, linewidth=0, hatch=hatch
        )
    )


def _draw_legend(panel: Axes, insight: Insight, middle: float) -> None:
    entries = [(GIVEN, "as the model gave it")]
    if insight.explanation.kept is not None:
        entries += [(MODEL, "as it is drawn"), (CUT, "cut off")]
    draw_legend(panel, entries, middle)


def draw_legend(panel: Axes, entries: list[tuple[str, str]], middle: float) -> None:
    """A colour and its words, one after the other."""
    left = MARGIN_IN
    for colour, words in entries:
        _draw_bar(panel, left, middle, (0.16, 0.1), colour)
        panel.text(left + 0.21, middle, words, size=TINY, va="center", color=SOFT_INK, family=families())
        left += 0.36 + measure(words, TINY) / POINTS_PER_INCH
