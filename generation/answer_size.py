"""How much one answer may hold, known before anything is written."""

from __future__ import annotations

from collections.abc import Sequence

from config.errors import InvalidOptions
from generation.openai_schema import CompletionCall

MOST_VALUES = 1_000_000
"""Tokens and probabilities, which come to some 30 MB of JSON."""
_VALUES_OF_A_CANDIDATE = 3
"""Its probability at three points on the way."""


def check_size(call: CompletionCall, prompt_lengths: Sequence[int]) -> None:
    """`prompt_lengths` are in tokens. Raises InvalidOptions for an answer that would be too large."""
    values = _count_values(call, prompt_lengths)
    if values > MOST_VALUES:
        raise InvalidOptions(
            f"This call asks for {values:,} tokens and probabilities in one answer, which holds up to "
            f"{MOST_VALUES:,}; give fewer prompts, or a smaller {_spell(_factors(call))}.",
            _factors(call)[-1],
        )


def _count_values(call: CompletionCall, prompt_lengths: Sequence[int]) -> int:
    written = 0 if call.score_only else len(prompt_lengths) * call.options.length
    told = written + (sum(prompt_lengths) if call.echo else 0)
    of_a_token = 1 if call.logprobs is None else 2 + call.logprobs
    candidates = len(prompt_lengths) * (call.next_tokens or 0)
    return call.options.samples * (told * of_a_token + candidates * _VALUES_OF_A_CANDIDATE)


def _factors(call: CompletionCall) -> tuple[str, ...]:
    """The fields that make it large."""
    given = {"n": call.options.samples > 1, "max_tokens": not call.score_only}
    given |= {"next_tokens": call.next_tokens is not None, "logprobs": bool(call.logprobs)}
    return tuple(name for name, large in given.items() if large) or ("prompt",)


def _spell(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
