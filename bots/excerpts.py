"""Parts that stand for a long text: a prompt's end before its completion, a text's first words in a tree."""

from __future__ import annotations

import regex

from bots.fences import FENCE, find_stretches
from bots.insight.spelling import show_directions

WHOLE_PROMPT, PROMPT_END = 600, 300
"""Characters of a prompt that is shown whole, and of a longer one's end."""
_CLUSTER = regex.compile(r"\X")
_LONGEST_CLUSTER = 32


def shown_prompt(prompt: str) -> str:
    """The whole prompt, or its end when it is long: the root, or the message before, has all of it."""
    if len(prompt) <= WHOLE_PROMPT:
        return prompt
    start = len(prompt) - PROMPT_END
    space = prompt.find(" ", start, start + 40)
    start = space + 1 if space >= 0 else start
    open_block = next((each for each in find_stretches(prompt) if each.fenced and each.start < start < each.end), None)
    opening = f"{FENCE}{open_block.language}\n" if open_block else ""
    return f"{opening}…{prompt[start:]}"


def first_words(text: str, limit: int) -> str:
    """The beginning on one line, at most `limit` of what people see as characters; none is cut through.

    What turns the direction of text is shown: a label stands beside words of ours.
    """
    line = " ".join(text[: (limit + 1) * _LONGEST_CLUSTER].split())
    clusters = _CLUSTER.findall(line)
    return show_directions(line if len(clusters) <= limit else "".join(clusters[: limit - 1]).rstrip() + "…")
