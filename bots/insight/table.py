"""An insight in plain text: for those who can't see the picture, and for the terminal."""

from __future__ import annotations

from backends.explanation import Candidate
from bots.insight.insight import Insight
from bots.insight.spelling import quoted_token
from bots.insight.stages import numbers_of, shown_candidates, stages_line

Lines = tuple[str, ...]


def insight_lines(insight: Insight) -> Lines:
    """Everything the picture says, one line each; made for letters of any width."""
    return (
        f"{insight.heading}: {insight.shaping}",
        f"{stages_line(insight)}:",
        *(_row(insight, place, each) for place, each in enumerate(shown_candidates(insight))),
        insight.kept_sentence,
        insight.written_sentence,
        *insight.notes,
    )


def _row(insight: Insight, place: int, candidate: Candidate) -> str:
    """`1. "␣little" 12.3 % → 14.0 % → 18.9 % ← written`."""
    chosen = " ← written" if candidate.token == insight.chosen else ""
    return f"{place + 1}. {quoted_token(candidate.token)} {numbers_of(insight, candidate)}{chosen}"
