"""A token's probability on its way: as the model gave it, after penalties and temperature, and as it is drawn."""

from __future__ import annotations

from typing import Literal

from backends.explanation import Candidate
from bots.insight.insight import Insight, percent

ROWS = 10
"""So many of the likeliest tokens are shown."""
Mark = Literal["given", "tempered", "kept", "cut"]
"""What a bar or a stroke stands for."""
CUT_OFF = "cut off"
_ARROW = " → "


def shown_candidates(insight: Insight) -> tuple[Candidate, ...]:
    return insight.candidates[:ROWS]


def legend(insight: Insight) -> tuple[tuple[Mark, str], ...]:
    """The marks that are there to be seen, and what they say."""
    entries: list[tuple[Mark, str]] = [("given", "as the model gave it")]
    if insight.explanation.kept is not None:
        entries += [("tempered", insight.between)] if insight.between else []
        entries += [("kept", "as it is drawn")]
        entries += [("cut", CUT_OFF)] if any(each.kept == 0 for each in shown_candidates(insight)) else []
    return tuple(entries)


def stages_line(insight: Insight) -> str:
    """`As the model gave it → after temperature → as it is drawn`: what the numbers of a row are."""
    line = _ARROW.join(words for mark, words in legend(insight) if mark != "cut")
    return line[0].upper() + line[1:]


def stages_of(insight: Insight, candidate: Candidate) -> tuple[str, ...]:
    """`("12.3 %", "14.0 %", "18.9 %")`, as many as the line above names."""
    middle = (candidate.tempered,) if insight.between else ()
    numbers = [percent(each or 0) for each in (candidate.given, *middle)]
    if candidate.kept is not None:
        numbers.append(percent(candidate.kept) if candidate.kept else CUT_OFF)
    return tuple(numbers)


def numbers_of(insight: Insight, candidate: Candidate) -> str:
    return _ARROW.join(stages_of(insight, candidate))
