from __future__ import annotations

import math

import pytest

from benchmarks.measurements import Prompts
from benchmarks.quality import REFERENCE, quality_rows, read_scores, stretches

ANSWER = {
    "token_logprobs": [None, math.log(0.5), math.log(0.125)],
    "top_logprobs": [None, {"a": -0.1, "b": -2.0}, {"c": -3.0, "d": -0.2}],
}


def test_the_first_token_of_a_stretch_has_no_score() -> None:
    scores = read_scores([ANSWER])

    assert scores.perplexity == pytest.approx(4.0)
    assert scores.likeliest == ("a", "d")


def test_agreement_is_with_our_own_fp32() -> None:
    other = read_scores([{**ANSWER, "top_logprobs": [None, {"a": -0.1}, {"c": -0.1, "d": -0.2}]}])

    perplexity, agreement = quality_rows({"ours": other, REFERENCE: read_scores([ANSWER])}, 4.01)

    assert perplexity.median("transformers fp32") == 4.01
    assert agreement.runs == {"ours": [50.0]}


def test_stretches_leave_no_single_token_over() -> None:
    assert [len(stretch) for stretch in stretches(list(range(1025)))] == [512, 512]


def test_prompts_are_fresh_each_time() -> None:
    prompts = Prompts(range(2046))

    assert len(set(prompts.take_many(500, 16))) == 500
