"""Reading /compare: one prompt, and on each side options, a preset or a model.

The first `vs` stands between the sides, and the prompt begins at the first word that is no option. Where that word is
another `vs`, a third side was meant; a prompt that itself begins so comes after `prompt:` or `--`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from bots.commands.command_line import parse_completion
from bots.commands.story import Completion
from config.errors import InvalidOptions
from config.text import shorten

EXAMPLE = "temperature=0.3 vs temperature=1.3 Once upon a time"
_VERSUS = re.compile(r"(?:^|\s)(?:vs\.?|\|)(?=\s)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both sides have the same prompt."""

    first: Completion
    second: Completion
    private: bool = False


def comparison_of(prompt: str, first: str, second: str, private: bool = False) -> Comparison:
    """From a form: the sides are options as they are typed, with model= and preset= among them."""
    return Comparison(replace(_side(first), prompt=prompt), replace(_side(second), prompt=prompt), private)


def parse_comparison(text: str) -> Comparison:
    """`temperature=0.3 vs temperature=1.3 Once upon a time`. Raises InvalidOptions with an example."""
    versus = _VERSUS.search(text)
    if versus is None:
        raise InvalidOptions(f"Put vs between the two sides, like this: {EXAMPLE}")
    typed = parse_completion(text[versus.end() :])
    if _VERSUS.match(f"{typed.completion.prompt} ") and not typed.is_prompt_named:
        third = shorten(typed.completion.prompt)
        raise InvalidOptions(
            f'Two sides are compared, and "{third}" begins a third. If that is the text, write prompt: before it.'
        )
    first = replace(_side(text[: versus.start()]), prompt=typed.completion.prompt)
    return Comparison(first, typed.completion, typed.private)


def _side(text: str) -> Completion:
    completion = parse_completion(text).completion
    if completion.prompt.strip():
        raise InvalidOptions(f"A side holds options only, and the prompt comes last, like this: {EXAMPLE}")
    return completion
