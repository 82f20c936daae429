"""What the thread of a result is called."""

from __future__ import annotations

import regex

MOST_CHARACTERS = 80
NAMELESS = "Inkling"
_JOINER = "\u200d"
"""Holds a family or a profession together, among emoji."""
_CLUSTER = regex.compile(r"\X")


def thread_name(prompt: str) -> str:
    """The prompt's beginning on one line, without what can't be seen."""
    line = " ".join("".join(each if each.isprintable() or each == _JOINER else " " for each in prompt[:400]).split())
    if len(line) <= MOST_CHARACTERS:
        return line or NAMELESS
    kept = ""
    for cluster in _CLUSTER.findall(line):
        if len(kept) + len(cluster) > MOST_CHARACTERS - 1:
            break
        kept += cluster
    space = kept.rfind(" ")
    return (kept[:space] if space > MOST_CHARACTERS // 2 else kept) + "…"
