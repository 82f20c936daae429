"""What a look at a stack found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["good", "worth knowing", "wrong"]


@dataclass(frozen=True, slots=True)
class Finding:
    about: str
    """A word or two: "Queue"."""
    verdict: Verdict
    sentence: str
    mend: str | None = None
    """What to do, where something is to be done."""


def good(about: str, sentence: str) -> Finding:
    return Finding(about, "good", sentence)


def notice(about: str, sentence: str, mend: str | None = None) -> Finding:
    return Finding(about, "worth knowing", sentence, mend)


def wrong(about: str, sentence: str, mend: str) -> Finding:
    return Finding(about, "wrong", sentence, mend)
