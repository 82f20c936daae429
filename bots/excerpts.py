"""The part of a long prompt that is shown before its completion."""

from __future__ import annotations

from bots.fences import FENCE, find_stretches

WHOLE_PROMPT, PROMPT_END = 600, 300
"""Characters of a prompt that is shown whole, and of a longer one's end."""


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
