"""What text Inkling takes: any Unicode but the two things no store and no platform can carry; and how it quotes it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from config.errors import InvalidOptions

MAX_NAME_CHARACTERS = 500
_GUESSED_CHARACTERS = 100
_UNUSABLE = re.compile("[\x00\ud800-\udfff]")


def find_unusable_character(text: str) -> int | None:
    """Index of the first NUL or lone surrogate, or None when there is none."""
    found = _UNUSABLE.search(text)
    return found.start() if found else None


def shorten(text: str, limit: int = 40) -> str:
    """`text` fit for a sentence: on one line, unprintable characters escaped, at most `limit` characters."""
    printable = "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text[: limit + 1]
    )
    return printable if len(printable) <= limit else printable[: limit - 1] + "…"


def closest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known word that was probably meant. Only the beginning counts: comparing megabytes would take seconds."""
    found = difflib.get_close_matches(word[:_GUESSED_CHARACTERS], list(known), n=1, cutoff=cutoff)
    return found[0] if found else None


def is_usable_name(name: str) -> bool:
    """Whether anything can have this name: not too long, and nothing in it that no store can keep."""
    return len(name) <= MAX_NAME_CHARACTERS and find_unusable_character(name) is None


def check_model_name(name: str) -> str:
    """The name itself when a model could have it, else InvalidOptions."""
    if not is_usable_name(name) or not name.isprintable():
        raise InvalidOptions(
            f"\"{shorten(name)}\" can't be a model's name: that is up to {MAX_NAME_CHARACTERS} printable characters.",
            "model",
        )
    return name


def check_prompt(prompt: str, max_characters: int) -> str:
    """The prompt itself when it can be used, else InvalidOptions in one sentence."""
    if not prompt.strip():
        raise InvalidOptions("The prompt is empty; write some text for me to finish.", "prompt")
    if len(prompt) > max_characters:
        raise InvalidOptions(
            f"That prompt is {len(prompt):,} characters; the limit here is {max_characters:,}.", "prompt"
        )
    bad = find_unusable_character(prompt)
    if bad is not None:
        kind = "a NUL character" if prompt[bad] == "\x00" else "half of a surrogate pair"
        raise InvalidOptions(
            f"The prompt holds {kind} at position {bad + 1:,}; take it out and send it again.", "prompt"
        )
    return prompt
