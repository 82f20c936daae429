"""The likeliest next tokens as bars: as the model gave them, and what temperature and filters made of them."""

from __future__ import annotations

from matplotlib.axes import Axes

from backends.explanation import Candidate
from bots.insight.drawing.legend import draw_legend, draw_mark, legend_height
from bots.insight.drawing.letters import families, fit, measure
from bots.insight.drawing.style import INK, MARGIN_IN, POINTS_PER_INCH, SMALL, SOFT_INK, TINY, WIDTH_IN
from bots.insight.insight import Insight
from bots.insight.spelling import spell_token
from bots.insight.stages import legend, numbers_of, shown_candidates

_ROW_IN = 0.23
_BARS_IN = 1.08
"""Where the bars begin."""
_APART_IN = 0.08
_LABEL_ROOM = (_BARS_IN - MARGIN_IN - 0.06) * POINTS_PER_INCH


def distribution_height(insight: Insight) -> float:
    return legend_height(legend(insight)) + _ROW_IN * max(1, len(shown_candidates(insight)))


def draw_distribution(panel: Axes, insight: Insight) -> None:
    """In inches from the panel's lower left corner."""
    height = distribution_height(insight)
    panel.set_xlim(0, WIDTH_IN)
    panel.set_ylim(0, height)
    panel.axis("off")
    draw_legend(panel, legend(insight), height)
    inches_each = _scale(insight)
    for place, candidate in enumerate(shown_candidates(insight)):
        middle = height - legend_height(legend(insight)) - (place + 0.5) * _ROW_IN
        _draw_bars(panel, insight, candidate, middle, inches_each)
        _draw_words(panel, insight, candidate, middle)


def _scale(insight: Insight) -> float:
    """Inches for a probability of 1: the longest bar ends before the numbers begin."""
    shown = shown_candidates(insight)
    longest = max((max(each.given, each.tempered or 0, each.kept or 0) for each in shown), default=1) or 1
    numbers = max((measure(numbers_of(insight, each), TINY, bold=True) for each in shown), default=0) / POINTS_PER_INCH
    return (WIDTH_IN - _BARS_IN - _APART_IN - numbers - MARGIN_IN) / longest


def _draw_bars(panel: Axes, insight: Insight, candidate: Candidate, middle: float, inches_each: float) -> None:
    is_cut = candidate.kept == 0
    draw_mark(panel, "cut" if is_cut else "given", _BARS_IN, middle, candidate.given * inches_each)
    if candidate.kept:
        draw_mark(panel, "kept", _BARS_IN, middle, candidate.kept * inches_each)
    if insight.between and candidate.tempered is not None:
        draw_mark(panel, "tempered", _BARS_IN, middle, candidate.tempered * inches_each, is_cut)


def _draw_words(panel: Axes, insight: Insight, candidate: Candidate, middle: float) -> None:
    """The token at the left, its numbers at the right; bold where it is the one that was written."""
    is_chosen = candidate.token == insight.chosen
    label = fit(spell_token(candidate.token), _LABEL_ROOM, SMALL, is_chosen)
    colour, weight = SOFT_INK if candidate.kept == 0 else INK, "bold" if is_chosen else "normal"
    numbers = numbers_of(insight, candidate)
    for right, words, size in ((_BARS_IN - 0.06, label, SMALL), (WIDTH_IN - MARGIN_IN, numbers, TINY)):
        panel.text(
            right, middle, words, size=size, color=colour, weight=weight, ha="right", va="center",
            parse_math=False, family=families(),
        )  # fmt: skip
