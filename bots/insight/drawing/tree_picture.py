"""The picture of a story's tree: as wide as a phone, for light and dark, told apart by shape as well as by colour."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.transforms import IdentityTransform

from bots.insight.drawing.glyphs import drawable, fonts
from bots.tree_layout import Layout, Row, Theme

WIDTH, DPI = 780, 200
"""Twice the pixels of a narrow phone, which shows it at half size."""
_LEFT, _STEP, _GAP, _EDGE = 30, 34, 26, 24
_LINE, _NOTE_LINE, _BETWEEN = 32, 27, 16
_LABEL_PT, _NOTE_PT = 8.5, 7.0
_MOST_LINES = 2
_DRAWING = threading.Lock()
"""Matplotlib's fonts and caches are not made for several threads at once."""


@dataclass(frozen=True, slots=True)
class _Colours:
    ground: str
    text: str
    muted: str
    line: str
    taken: str


_COLOURS = {
    "light": _Colours("#ffffff", "#1b1d22", "#5b6270", "#9aa1ad", "#0067a3"),
    "dark": _Colours("#16181d", "#eceef2", "#a9b0bc", "#6d7482", "#56b4e9"),
}


@dataclass(frozen=True, slots=True)
class _Placed:
    row: Row
    x: float
    y: float
    """Of its dot; the first line of text stands beside it."""
    lines: tuple[str, ...]


def draw_tree(layout: Layout, theme: Theme = "light") -> bytes:
    """As PNG. Slow enough for a thread of its own."""
    with _DRAWING:
        placed, height = _place(layout)
        return _Drawing(placed, height, layout.left_out_sentence, _COLOURS[theme]).png()


class _Measure:
    """How many pixels wide a text is. Matplotlib's renderer has no types of its own."""

    def __init__(self) -> None:
        canvas: Any = FigureCanvasAgg(Figure(dpi=DPI))
        self._renderer = canvas.get_renderer()

    def __call__(self, text: str, font: FontProperties) -> float:
        width, _, _ = self._renderer.get_text_width_height_descent(text, font, ismath=False)
        return float(width)


def _place(layout: Layout) -> tuple[list[_Placed], int]:
    placed: list[_Placed] = []
    y, measure = float(_EDGE), _Measure()
    for row in layout.rows:
        x = _LEFT + row.column * _STEP
        lines = tuple(_wrap(measure, drawable(row.text), WIDTH - x - _GAP - _EDGE, _font(row)))
        y += _BETWEEN if row.is_prompt and placed else 0
        placed.append(_Placed(row, x, y + _LINE / 2, lines))
        y += len(lines) * _LINE + (_NOTE_LINE if row.note else 0) + _BETWEEN
    return placed, round(y + (_NOTE_LINE if layout.left_out else 0) + _EDGE - _BETWEEN)


def _font(row: Row) -> FontProperties:
    return FontProperties(family=list(fonts()), size=_LABEL_PT, weight="bold" if row.taken else "normal")


def _wrap(measure: _Measure, text: str, width: float, font: FontProperties) -> Iterator[str]:
    """At most two lines, cut between words where there are any, the rest left out."""
    for number in range(_MOST_LINES):
        end = _fitting(measure, text, width, font)
        if end == len(text):
            yield text
            return
        if number + 1 == _MOST_LINES:
            yield text[: end - 1].rstrip() + "…"
            return
        end = text.rfind(" ", 0, end + 1) if " " in text[1 : end + 1] else end
        yield text[:end]
        text = text[end:].lstrip()


def _fitting(measure: _Measure, text: str, width: float, font: FontProperties) -> int:
    """How many characters fit."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if measure(text[:middle], font) <= width else (low, middle - 1)
    return max(low, min(1, len(text)))


class _Drawing:
    def __init__(self, placed: Sequence[_Placed], height: int, left_out: str, colours: _Colours) -> None:
        self._placed = placed
        self._height = height
        self._left_out = left_out
        self._colours = colours
        self._figure = Figure(figsize=(WIDTH / DPI, height / DPI), dpi=DPI, facecolor=colours.ground)

    def png(self) -> bytes:
        canvas: Any = FigureCanvasAgg(self._figure)
        for each in sorted(self._placed, key=lambda each: each.row.taken):
            self._connect(each)
        for each in self._placed:
            self._dot(each)
            self._words(each)
        if self._left_out:
            self._text(_LEFT, self._height - _EDGE, self._left_out, _NOTE_PT, self._colours.muted)
        target = io.BytesIO()
        canvas.print_png(target)
        return target.getvalue()

    def _connect(self, each: _Placed) -> None:
        """Down from what it hangs from, then across; thick where the story went."""
        if each.row.above is None:
            return
        above = self._placed[each.row.above]
        colour, width = (self._colours.taken, 2.2) if each.row.taken else (self._colours.line, 0.9)
        style: Literal[":", "-"] = ":" if each.row.skips else "-"
        xs, ys = (above.x, above.x, each.x), (above.y, each.y, each.y)
        self._add(Line2D(xs, self._up(ys), color=colour, linewidth=width, linestyle=style, solid_joinstyle="round"))

    def _dot(self, each: _Placed) -> None:
        row, colours = each.row, self._colours
        edge = colours.taken if row.taken else colours.line
        marker, size = ("s", 6.0) if row.is_prompt else ("o", 6.5)
        face = edge if row.taken else colours.ground
        ys = self._up((each.y,))
        self._add(Line2D((each.x,), ys, marker=marker, markersize=size, markerfacecolor=face, markeredgecolor=edge))

    def _words(self, each: _Placed) -> None:
        x, y = each.x + _GAP, each.y
        for line in each.lines:
            self._text(x, y, line, _LABEL_PT, self._colours.text, each.row)
            y += _LINE
        if each.row.note:
            self._text(x, y - 2, each.row.note, _NOTE_PT, self._colours.muted)

    def _text(self, x: float, y: float, words: str, size: float, colour: str, row: Row | None = None) -> None:
        """Nothing in a story is mathematics, whatever dollar signs it has."""
        font = _font(row) if row is not None else FontProperties(family=list(fonts()), size=size)
        (height,) = self._up((y,))
        self._add(Text(x, height, words, color=colour, fontproperties=font, va="center_baseline", parse_math=False))

    def _up(self, ys: Sequence[float]) -> tuple[float, ...]:
        """Matplotlib counts pixels from below."""
        return tuple(self._height - y for y in ys)

    def _add(self, artist: Line2D | Text) -> None:
        artist.set_transform(IdentityTransform())
        self._figure.add_artist(artist)
