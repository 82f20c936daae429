"""An insight in plain text: for those who can't see the picture, and for the terminal."""

from __future__ import annotations

from bots.insight.insight import Insight, percent
from bots.insight.spelling import quoted_token

ROWS = 10
Lines = tuple[str, ...]


def insight_lines(insight: Insight) -> Lines:
    """Everything the picture says, one line each; made for letters of any width."""
    return (
        f"{insight.heading}: {insight.shaping}",
        *(_row(insight, place) for place in range(min(ROWS, len(insight.candidates)))),
        insight.kept_sentence,
        insight.written_sentence,
        *insight.notes,
    )


def _row(insight: Insight, place: int) -> str:
    """`1. "␣little" 12.3 % → 18.9 % ← written`."""
    candidate = insight.candidates[place]
    after = "" if candidate.kept is None else f" → {percent(candidate.kept) if candidate.kept else 'cut off'}"
    chosen = " ← written" if candidate.token == insight.chosen else ""
    return f"{place + 1}. {quoted_token(candidate.token)} {percent(candidate.given)}{after}{chosen}"
