"""How likely each token of prompt and completion was, in the order of the text."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from backends.explanation import TokenChance
from bots.insight.drawing.legend import draw_legend
from bots.insight.drawing.letters import families, fit
from bots.insight.drawing.style import INK, LINE, MARGIN_IN, MODEL, POINTS_PER_INCH, PROMPT, SOFT_INK, TINY, WIDTH_IN
from bots.insight.insight import Insight
from bots.insight.spelling import spell_token

MOST_OF_PROMPT = 60
"""The prompt's last tokens that are shown."""
_NAMED = 24
"""So many tokens have room for their names."""
_LEGEND = (("human", "the prompt"), ("kept", "the model's completion"))
_LEGEND_IN, _PLOT_IN, _LEFT_IN = 0.3, 1.25, 0.55
_NAMES_IN, _NUMBERS_IN = 0.9, 0.45
_NAME_ROOM = (_NAMES_IN - 0.1) * POINTS_PER_INCH
_LEAST_PLACES = 4
"""One token alone is no bar as wide as the picture."""


def shown_tokens(insight: Insight) -> tuple[TokenChance, ...]:
    """The completion, and the prompt's end."""
    prompt = [each for each in insight.explanation.tokens if not each.written]
    return (*prompt[-MOST_OF_PROMPT:], *insight.written)


def text_height(insight: Insight) -> float:
    return _LEGEND_IN + _PLOT_IN + (_NAMES_IN if _has_names(insight) else _NUMBERS_IN)


def _has_names(insight: Insight) -> bool:
    return len(shown_tokens(insight)) <= _NAMED


def draw_text(panel: Axes, insight: Insight) -> None:
    """The panel itself only holds the place: the plot in it leaves room for its labels."""
    height = text_height(insight)
    panel.set_xlim(0, WIDTH_IN)
    panel.set_ylim(0, height)
    panel.axis("off")
    draw_legend(panel, _LEGEND, height)
    width = (WIDTH_IN - MARGIN_IN - _LEFT_IN) / WIDTH_IN
    bottom = (height - _LEGEND_IN - _PLOT_IN) / height
    plot = panel.inset_axes((_LEFT_IN / WIDTH_IN, bottom, width, _PLOT_IN / height))
    _draw_scales(plot)
    _draw_bars(plot, insight)


def _draw_bars(plot: Axes, insight: Insight) -> None:
    tokens = shown_tokens(insight)
    first = len(insight.explanation.tokens) - len(tokens) + 1
    places = list(range(first, first + len(tokens)))
    named = _has_names(insight)
    plot.bar(
        places,
        [100 * (each.probability or 0.0) for each in tokens],
        width=0.8 if named else 1.0,
        color=[MODEL if each.written else PROMPT for each in tokens],
        linewidth=0,
    )
    plot.set_xlim(first - 0.6, first + max(len(tokens), _LEAST_PLACES) - 0.4)
    if named:
        names = [fit(spell_token(each.token), _NAME_ROOM, TINY) for each in tokens]
        plot.set_xticks(places, names, rotation=90, parse_math=False, family=families())
    else:
        plot.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        plot.set_xlabel("token of the text, counted from its first", size=TINY, color=SOFT_INK, labelpad=2)


def _draw_scales(plot: Axes) -> None:
    plot.set_facecolor("none")
    plot.set_ylim(0, 100)
    plot.set_yticks([0, 50, 100], ["0", "50", "100 %"])
    plot.set_ylabel("probability", size=TINY, color=SOFT_INK, labelpad=1)
    plot.tick_params(labelsize=TINY, length=2, pad=2, color=LINE, labelcolor=INK)
    plot.grid(axis="y", color=LINE, linewidth=0.5)
    plot.set_axisbelow(True)
    for name, spine in plot.spines.items():
        spine.set_visible(name == "bottom")
        spine.set_color(LINE)
