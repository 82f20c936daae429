"""An insight as lines with bars, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len

from backends.explanation import Candidate, TokenChance
from bots.insight.insight import Insight, percent
from bots.insight.spelling import spell_token
from bots.insight.stages import shown_candidates, stages_line, stages_of

_BAR = 22
_LABEL = 16
_NUMBER = 7
"""As wide as `<0.01 %`."""
_EIGHTHS = " ▏▎▍▌▋▊▉"


def explanation_lines(insight: Insight) -> Iterator[str]:
    yield f"{insight.heading}"
    yield f"{insight.shaping}"
    yield f"{stages_line(insight)}:"
    shown = shown_candidates(insight)
    longest = max(map(_strength, shown), default=1.0) or 1.0
    yield from (_candidate_line(insight, each, longest) for each in shown)
    yield insight.kept_sentence
    yield ""
    yield "How likely each token was"
    first = len(insight.explanation.tokens) - len(insight.written)
    yield from (_token_line(each, place - first + 1) for place, each in enumerate(insight.explanation.tokens))
    yield insight.written_sentence
    yield from insight.notes


def _strength(candidate: Candidate) -> float:
    """What a bar is as long as: what it is drawn with, where that is known and it isn't cut off."""
    return candidate.kept or candidate.given


def _candidate_line(insight: Insight, candidate: Candidate, longest: float) -> str:
    """A cut-off token has dots as long as it was likely."""
    share = _strength(candidate) / longest
    bar = "·" * max(1, round(_BAR * share)) if candidate.kept == 0 else _bar(share)
    numbers = " → ".join(f"{each:>{_NUMBER}}" for each in stages_of(insight, candidate))
    mark = " ← written" if candidate.token == insight.chosen else ""
    return f"  {_label(candidate.token)} {_padded(bar, _BAR)} {numbers}{mark}"


def _token_line(token: TokenChance, number: int) -> str:
    """The number of a written one is what --choose takes."""
    who = f"model {number:>4}" if token.written else f"{'prompt':10}"
    if token.probability is None:
        return f"  {who} {_label(token.token)} {_padded('', _BAR)} nothing before it"
    bar, share = _padded(_bar(token.probability), _BAR), percent(token.probability)
    return f"  {who} {_label(token.token)} {bar} {share:>{_NUMBER}}"


def _bar(share: float) -> str:
    eighths = round(_BAR * 8 * min(share, 1.0))
    whole, rest = divmod(eighths, 8)
    return ("█" * whole + _EIGHTHS[rest]).rstrip() or "▏"


def _label(token: bytes) -> str:
    spelled = spell_token(token)
    while cell_len(spelled) > _LABEL:
        spelled = f"{spelled.removesuffix('…')[:-1]}…"
    return _padded(spelled, _LABEL)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - cell_len(text))
