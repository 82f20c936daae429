"""An insight as lines with bars, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len

from backends.explanation import Candidate, TokenChance
from bots.insight.insight import Insight, percent
from bots.insight.spelling import spell_token
from bots.insight.table import ROWS

_BAR = 24
_LABEL = 16
_EIGHTHS = " ▏▎▍▌▋▊▉"


def explanation_lines(insight: Insight) -> Iterator[str]:
    yield f"{insight.heading}"
    yield f"{insight.shaping}"
    shown = insight.candidates[:ROWS]
    longest = max((max(each.given, each.kept or 0.0) for each in shown), default=1.0) or 1.0
    for each in shown:
        yield _candidate_line(each, longest, each.token == insight.chosen)
    yield insight.kept_sentence
    yield ""
    yield "How likely each token was"
    yield from map(_token_line, insight.explanation.tokens)
    yield insight.written_sentence
    yield from insight.notes


def _candidate_line(candidate: Candidate, longest: float, chosen: bool) -> str:
    """The bar is what it is drawn with, where that is known; a cut-off token has dots as long as it was likely."""
    if candidate.kept == 0:
        bar = "·" * max(1, round(_BAR * candidate.given / longest))
    else:
        bar = _bar((candidate.given if candidate.kept is None else candidate.kept) / longest)
    after = "" if candidate.kept is None else f" → {percent(candidate.kept) if candidate.kept else 'cut off'}"
    mark = " ← written" if chosen else ""
    return f"  {_label(candidate.token)} {_padded(bar, _BAR)} {percent(candidate.given)}{after}{mark}"


def _token_line(token: TokenChance) -> str:
    who = "model " if token.written else "prompt"
    if token.probability is None:
        return f"  {who} {_label(token.token)} {_padded('', _BAR)} nothing before it"
    return f"  {who} {_label(token.token)} {_padded(_bar(token.probability), _BAR)} {percent(token.probability)}"


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
