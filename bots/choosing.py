"""Choosing otherwise with menus: first a place, then one of the tokens that could have stood there.

A choice carries all it means, so it works after any restart; whether it still fits is checked when it is made.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from bots.forks import Fork, fork_at
from bots.insight.choices import Taken
from bots.insight.insight import Insight, percent
from bots.insight.spelling import spell_token
from config.errors import InvalidOptions

ASK_PLACE = "Choose otherwise: another token in place of …"
ASK_TOKEN = "… and which one to go on with:"
LONGEST = 75
"""Of an option's words and of what it carries, in UTF-16 as platforms count."""
_STALE = "That place isn't in the text any more; press Why again and choose anew."


@dataclass(frozen=True, slots=True)
class Choice:
    label: str
    value: str


def places(insight: Insight, most: int) -> tuple[Choice, ...]:
    """The least likely ones, where the model was least sure, in their order in the text."""
    open_ones = [(place, each) for place, each in enumerate(insight.taken) if _offered(insight.taken, place)]
    rarest = sorted(open_ones, key=lambda item: 1.0 if item[1].probability is None else item[1].probability)[:most]
    return tuple(
        Choice(_label(f"{place + 1}. ", each.token, each.probability), str(place))
        for place, each in sorted(rarest, key=_place)
    )


def tokens(insight: Insight, value: str) -> tuple[Choice, ...]:
    """Those of a chosen place. Raises InvalidOptions when it is a place of another text."""
    offered = _offered(insight.taken, int(value)) if value.isdecimal() and int(value) < len(insight.taken) else ()
    if not offered:
        raise InvalidOptions(_STALE, "position")
    return offered


def read_fork(value: str) -> Fork:
    """What a chosen token means. Raises InvalidOptions for what isn't ours."""
    try:
        kept, taken, token = json.loads(value)
    except (ValueError, TypeError):
        raise InvalidOptions(_STALE, "position") from None
    if not (isinstance(kept, int) and isinstance(taken, str) and isinstance(token, str)):
        raise InvalidOptions(_STALE, "position")
    return Fork(kept, taken, token)


def _offered(taken: tuple[Taken, ...], place: int) -> tuple[Choice, ...]:
    choices = (
        Choice(_label("", each.token, each.probability), _write(fork_at(taken, place, rank)))
        for rank, each in enumerate(taken[place].candidates)
    )
    return tuple(each for each in choices if _length(each.value) <= LONGEST)


def _write(fork: Fork) -> str:
    return json.dumps([fork.kept, fork.taken, fork.token], ensure_ascii=False)


def _label(lead: str, token: bytes, probability: float | None) -> str:
    """`7. ␣lamp · 3.1 %`."""
    end = "" if probability is None else f" · {percent(probability)}"
    words = spell_token(token)
    while _length(lead + words + end) > LONGEST:
        words = f"{words[:-2]}…"
    return lead + words + end


def _length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _place(item: tuple[int, Taken]) -> int:
    return item[0]
