"""An insight as a picture: what could have come next, and how likely each token of the text was.

Drawn with matplotlib's objects alone, with nothing shared between two pictures. Importing this takes half a second and
some megabytes, so that only who draws does.
"""

from __future__ import annotations

import gc
import io
from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bots.insight.drawing.distribution_panel import distribution_height, draw_distribution
from bots.insight.drawing.letters import families, wrap
from bots.insight.drawing.style import (
    DOTS_PER_INCH,
    INK,
    LARGE,
    MARGIN_IN,
    PAPER,
    POINTS_PER_INCH,
    SMALL,
    SOFT_INK,
    WIDTH_IN,
)
from bots.insight.drawing.text_panel import draw_text, text_height
from bots.insight.insight import Insight

_LINE_IN, _TITLE_IN = 0.16, 0.21
_GAP_IN = 0.2


def draw_png(insight: Insight) -> bytes:
    """For a screen 390 px wide, at twice its resolution."""
    written = io.BytesIO()
    draw_figure(insight).savefig(written, format="png", dpi=DOTS_PER_INCH, facecolor=PAPER)
    # A figure's parts point at each other: left to itself, Python keeps two dozen of them, at two megabytes each.
    gc.collect(1)
    return written.getvalue()


def draw_figure(insight: Insight) -> Figure:
    column = _Column(insight)
    figure = Figure(figsize=(WIDTH_IN, column.height), dpi=DOTS_PER_INCH, facecolor=PAPER)
    FigureCanvasAgg(figure)
    column.draw_on(figure)
    return figure


class _Column:
    """Words and panels, one under the other; knows its height before anything is drawn."""

    def __init__(self, insight: Insight) -> None:
        self._insight = insight
        self._titles = (_title(insight.heading), _title("How likely each token was"))
        self._words = (
            (*_small_print(insight.shaping), *_small_print(insight.kept_sentence)),
            _small_print(insight.written_sentence),
        )
        self._panels = (distribution_height(insight), text_height(insight))

    @property
    def height(self) -> float:
        titles = sum(map(len, self._titles)) * _TITLE_IN
        words = sum(map(len, self._words)) * _LINE_IN
        return titles + words + sum(self._panels) + _GAP_IN + 2 * MARGIN_IN

    def draw_on(self, figure: Figure) -> None:
        top = self.height - MARGIN_IN
        for titles, words, height, draw_panel in zip(
            self._titles, self._words, self._panels, (draw_distribution, draw_text), strict=True
        ):
            top = self._write(figure, top, titles, _TITLE_IN, {"size": LARGE, "color": INK, "weight": "bold"})
            top = self._write(figure, top, words, _LINE_IN, {"size": SMALL, "color": SOFT_INK})
            draw_panel(self._panel(figure, top, height), self._insight)
            top -= height + _GAP_IN

    def _write(
        self, figure: Figure, top: float, lines: tuple[str, ...], step: float, looks: Mapping[str, Any]
    ) -> float:
        """Returns where the last line ends."""
        for line in lines:
            place = (MARGIN_IN / WIDTH_IN, (top - step / 2) / self.height)
            figure.text(*place, line, va="center", parse_math=False, family=families(), **looks)
            top -= step
        return top

    def _panel(self, figure: Figure, top: float, height: float) -> Axes:
        """As wide as the picture: each panel keeps its own margins."""
        return figure.add_axes((0, (top - height) / self.height, 1, height / self.height))


def _title(sentence: str) -> tuple[str, ...]:
    return wrap(sentence, _ROOM, LARGE, bold=True)


def _small_print(sentence: str) -> tuple[str, ...]:
    return wrap(sentence, _ROOM, SMALL)


_ROOM = (WIDTH_IN - 2 * MARGIN_IN) * POINTS_PER_INCH
