"""What one answer may hold."""

from __future__ import annotations

from typing import Any

import pytest

from config.errors import InvalidOptions
from config.sampling import SamplingOptions
from generation.answer_size import MOST_VALUES, check_size
from generation.openai_schema import MAX_LOGPROBS, CompletionCall


def build_call(samples: int = 1, length: int = 16, **fields: Any) -> CompletionCall:
    return CompletionCall(prompts=(), options=SamplingOptions(samples=samples, length=length), **fields)


@pytest.mark.parametrize(
    ("call", "lengths"),
    [
        (build_call(32, length=120), [2000] * 256),
        (build_call(length=8192, logprobs=MAX_LOGPROBS), [2000] * 5),
        (build_call(32, logprobs=MAX_LOGPROBS, next_tokens=100), [2000] * 40),
        (build_call(1, length=1, logprobs=MAX_LOGPROBS, echo=True, score_only=True), [45_000]),
    ],
)
def test_what_makes_sense_is_answered(call: CompletionCall, lengths: list[int]) -> None:
    check_size(call, lengths)


@pytest.mark.parametrize(
    ("call", "lengths", "values", "field"),
    [
        (build_call(32, logprobs=20, next_tokens=100), [5] * 256, 256 * 32 * (16 * 22 + 300), "logprobs"),
        (build_call(32, length=8192), [5] * 256, 256 * 32 * 8192, "max_tokens"),
        (build_call(32, length=1, next_tokens=100), [5] * 256, 256 * 32 * 301, "next_tokens"),
        (build_call(2, length=1, logprobs=0, echo=True, score_only=True), [250_001], 2 * 250_001 * 2, "n"),
        (build_call(1, length=1, logprobs=0, echo=True, score_only=True), [250_000] * 3, 1_500_000, "prompt"),
    ],
)
def test_what_would_be_too_large_names_what_makes_it_so(
    call: CompletionCall, lengths: list[int], values: int, field: str
) -> None:
    with pytest.raises(InvalidOptions) as refused:
        check_size(call, lengths)
    assert f"asks for {values:,} tokens and probabilities" in refused.value.sentence
    assert f"up to {MOST_VALUES:,}; give fewer prompts" in refused.value.sentence
    assert refused.value.name == field
