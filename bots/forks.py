"""Choosing otherwise: which place of a text is left, and with which token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from config.errors import InvalidOptions
from config.text import shorten


class Candidate(Protocol):
    """A token the model could have taken."""

    @property
    def text(self) -> str: ...


class TakenToken(Protocol):
    """One token of a sample, and what else stood there; as whatever explains a result knows it."""

    @property
    def text(self) -> str: ...

    @property
    def candidates(self) -> Sequence[Candidate]: ...


@dataclass(frozen=True, slots=True)
class Fork:
    """Keep `kept` characters of a sample's text, go on with `token` instead of `taken`."""

    kept: int
    taken: str
    token: str

    def applied_to(self, text: str) -> str:
        """The text up to there, with the other token. InvalidOptions when it isn't the text the fork was made for."""
        if not self.token:
            raise InvalidOptions("That token is empty; choose another.", "token")
        if self.token == self.taken:
            raise InvalidOptions("That is the token that was taken; choose another.", "token")
        if not (0 <= self.kept < len(text) and text.startswith(self.taken, self.kept)):
            raise InvalidOptions("That place isn't in the text any more; open it again and choose anew.", "position")
        return text[: self.kept] + self.token

    @property
    def sentence(self) -> str:
        """`Took " dog" instead of " cat", 12 characters in.`"""
        instead = f' instead of "{shorten(self.taken)}"' if self.taken else ""
        unit = "character" if self.kept == 1 else "characters"
        return f'Took "{shorten(self.token)}"{instead}, {self.kept:,} {unit} in.'


T = TypeVar("T", bound=TakenToken)


def token_at(tokens: Sequence[T], position: int) -> T:
    """The one that was taken at a position, counted from 0. InvalidOptions where nothing else could stand."""
    if not tokens:
        raise InvalidOptions("There is no text that one could choose otherwise in.", "position")
    if not 0 <= position < len(tokens):
        raise InvalidOptions(f"position must be between 1 and {len(tokens)}; you gave {position + 1}.", "position")
    if not tokens[position].candidates:
        raise InvalidOptions(f"Nothing else can stand at position {position + 1}; choose another.", "position")
    return tokens[position]


def fork_at(tokens: Sequence[TakenToken], position: int, rank: int) -> Fork:
    """Another of the tokens that stood at a position, by its place among them; both counted from 0."""
    there = token_at(tokens, position)
    others = there.candidates
    if not 0 <= rank < len(others):
        raise InvalidOptions(
            f"rank must be between 1 and {len(others)} at position {position + 1}; you gave {rank + 1}.", "token"
        )
    return Fork(sum(len(each.text) for each in tokens[:position]), there.text, others[rank].text)
