"""Reading typed sub-commands: the next word, one of several words, a word that must be there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from config.errors import InvalidOptions
from config.text import closest, find_unusable_character

T = TypeVar("T")
Lines = tuple[str, ...]
"""An answer in plain text, one line each."""


def split_first(text: str) -> tuple[str, str]:
    """The first word and the rest, both without the space between."""
    first, *rest = text.split(None, 1) or [""]
    return first, rest[0].strip() if rest else ""


def choose(word: str, among: Mapping[str, T], what: str) -> T:
    """What `word` stands for, whatever its case; InvalidOptions suggests the closest or lists all."""
    wanted = word.lower()
    if wanted in among:
        return among[wanted]
    known = [each for each in among if each]
    close = closest(wanted, known)
    hint = f"Did you mean {close}?" if close else f"Known are {', '.join(known)}."
    raise InvalidOptions(f'I don\'t know the {what} "{word[:40]}". {hint}')


def check_usable(text: str) -> str:
    """The text itself; InvalidOptions when it holds what no store can keep."""
    if find_unusable_character(text) is not None:
        raise InvalidOptions("That holds a character that can't be used (NUL or half of a surrogate pair).")
    return text


def needed(word: str, example: str) -> str:
    """The word itself; InvalidOptions with an example when it is missing."""
    if not word:
        raise InvalidOptions(f"Something is missing there. Write it like this: {example}")
    return word
