"""What could have been taken instead, place by place: the tokens of a sample as one can choose otherwise among them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from backends.explanation import Alternative, TokenChance

_SPECIAL = re.compile(rb"<\|[^|]*\|>|</?s>|\[(?:SEP|CLS|PAD|UNK)\]")
"""How tokens that end a text are spelled; written as text they would be something else."""


@dataclass(frozen=True, slots=True)
class Other:
    """A token that could have been taken; see `bots.forks.Candidate`."""

    text: str
    token: bytes
    probability: float


@dataclass(frozen=True, slots=True)
class Taken:
    """A token that was taken; see `bots.forks.TakenToken`. Without candidates there is nothing to choose."""

    text: str
    """Of the sample: characters that begin in this token."""
    token: bytes
    probability: float | None
    candidates: tuple[Other, ...]


def taken_tokens(written: Sequence[TokenChance], sample: str) -> tuple[Taken, ...]:
    """One for each written token; together they are the sample's text. Empty when they are tokens of another text.

    Text before the first token, whose tokens are the prompt's too, counts to the first, where nothing can be chosen.
    """
    whole = sample.encode()
    length = sum(len(each.token) for each in written)
    lead = len(whole) - length
    if not written or lead < 0 or whole[lead:] != b"".join(each.token for each in written):
        return ()
    return tuple(_taken(whole, written, lead))


def _taken(whole: bytes, written: Sequence[TokenChance], lead: int) -> Iterator[Taken]:
    start = lead
    for place, each in enumerate(written):
        end = start + len(each.token)
        begin = 0 if place == 0 else start
        can_choose = begin == start and _is_whole(whole, start)
        others = tuple(_others(each)) if can_choose else ()
        yield Taken(_characters(whole, begin, end), each.token, each.probability, others)
        start = end


def _others(taken: TokenChance) -> Iterator[Other]:
    """Those that are text of their own: no half characters, no ends."""
    for each in taken.alternatives:
        text = _text_of(each)
        if text and each.token != taken.token:
            yield Other(text, each.token, each.probability)


def _text_of(other: Alternative) -> str:
    if _SPECIAL.fullmatch(other.token):
        return ""
    try:
        return other.token.decode()
    except UnicodeDecodeError:
        return ""


def _is_whole(text: bytes, place: int) -> bool:
    """Whether a character begins there."""
    return place >= len(text) or text[place] & 0xC0 != 0x80


def _characters(text: bytes, begin: int, end: int) -> str:
    """Those that begin in between, the last one whole."""
    while not _is_whole(text, begin):
        begin += 1
    while not _is_whole(text, end):
        end += 1
    return text[begin:end].decode() if begin < end else ""
