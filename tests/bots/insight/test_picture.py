"""Nothing in a picture is cut off or lies over something else, whatever the tokens are."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from backends.explanation import Candidate, Kept
from bots.insight.drawing.legend import STROKE_IN
from bots.insight.drawing.letters import fit, measure, wrap
from bots.insight.drawing.picture import draw_figure, draw_png
from bots.insight.drawing.style import DOTS_PER_INCH
from bots.insight.insight import Insight
from config.sampling import SamplingOptions
from tests.fakes.insights import make_insight

EVERYTHING = SamplingOptions(
    seed=7, temperature=1.25, top_k=400, top_p=0.915, min_p=0.015, typical_p=0.9, repetition_penalty=1.35,
    frequency_penalty=0.5, presence_penalty=-0.5,
)  # fmt: skip
STRANGE = tuple(
    Candidate(text.encode() if isinstance(text, str) else text, 0.09, 0.12, kept)
    for text, kept in (
        (" internationalization", 0.4),
        ("🖋🦊👩‍👩‍👧", 0.2),
        (" مرحبا بالعالم", 0.1),
        ("漢字漢字漢字漢字", 0.05),
        (b"\xf0\x9f\xa6", 0.00001),
        ("\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n", 0.0),
        ("$x_1$", 0.0),
        ("WWWWWWWWWWWWWWWWWWWW", 0.0),
        ("हिन्दी", 0.0),
        ("\u200d", 0.0),
    )
)


def words(count: int) -> str:
    return "".join(f" {word}" for word in itertools.islice(itertools.cycle(("مرحبا", "🖋", "lamp", "漢字")), count))


PICTURES = {
    "1 token": make_insight(text=" there"),
    "10 tokens": make_insight(text=words(10)),
    "22 strange tokens": make_insight(prompt="Ein 🖋 مرحبا", text=words(19), candidates=STRANGE),
    "300 tokens": make_insight(prompt="Once upon a time " * 40, text=words(300), options=EVERYTHING),
    "nothing written": make_insight(text="", candidates=()),
    "one certain": make_insight(candidates=(Candidate(b" is", 1.0, 1.0, 1.0),), kept=Kept(1, 1.0)),
    "only the model's": make_insight(
        candidates=tuple(Candidate(each.token, each.given) for each in STRANGE), kept=None
    ),
}


def shown_texts(figure: Any) -> list[tuple[Text, Bbox]]:
    renderer = figure.canvas.get_renderer()
    figure.draw(renderer)
    texts = list(figure.texts)
    for panel in figure.axes:
        texts += panel.texts
        for plot in panel.child_axes:
            # Beyond its limits a scale draws nothing.
            low, high = plot.get_xlim()
            texts += [each for each in plot.get_xticklabels() if low <= each.get_position()[0] <= high]
            texts += [*plot.get_yticklabels(), plot.xaxis.label, plot.yaxis.label]
    return [
        (each, each.get_window_extent(renderer)) for each in texts if each.get_visible() and each.get_text().strip()
    ]


@pytest.mark.parametrize("insight", PICTURES.values(), ids=PICTURES.keys())
def test_nothing_is_cut_and_nothing_overlaps(insight: Insight) -> None:
    figure = draw_figure(insight)
    width, height = figure.bbox.width, figure.bbox.height
    texts = shown_texts(figure)
    for text, box in texts:
        assert box.x0 >= 0, text.get_text()
        assert box.x1 <= width, text.get_text()
        assert box.y0 >= 0, text.get_text()
        assert box.y1 <= height, text.get_text()
    for (one, first), (other, second) in itertools.combinations(texts, 2):
        # A pixel's worth of the letters' own air doesn't count.
        shared = Bbox.intersection(first.padded(-0.75), second.padded(-0.75))
        assert shared is None, f"{one.get_text()!r} lies over {other.get_text()!r}"


def test_what_is_after_temperature_is_a_stroke_of_its_own() -> None:
    def strokes(options: SamplingOptions) -> int:
        (panel, _) = draw_figure(make_insight(options=options)).axes
        return sum(mark.get_width() == STROKE_IN for mark in panel.patches)

    # One for each of four candidates, and the legend's.
    assert strokes(SamplingOptions(seed=7, temperature=0.8)) == 5
    assert strokes(SamplingOptions(seed=7, temperature=1)) == 0


def test_a_png_for_390_pixels_at_twice_the_resolution() -> None:
    png = draw_png(make_insight())
    assert png.startswith(b"\x89PNG")
    assert int.from_bytes(png[16:20], "big") == 2 * 390 == int(3.9 * DOTS_PER_INCH)


def test_text_is_fitted_by_its_width() -> None:
    assert fit("short", 40, 8) == "short"
    assert fit("internationalization", 40, 8).endswith("…")
    assert measure(fit("W" * 40, 40, 8), 8) <= 40
    assert wrap("half of them were 0.32 % likely", 66, 8)[0] == "half of them"
    lines = wrap("once upon a time there was a lamp " + "W" * 30, 60, 8)
    assert max(measure(line, 8) for line in lines) <= 60
    assert "".join(lines).replace(" ", "").endswith("W" * 30)
