from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import (
    LogitsProcessorList,
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
    TypicalLogitsWarper,
)

from config.sampling import SamplingOptions
from generation import sampler as torch_sampler
from generation.native.sampler import NativeSampler
from generation.penalties import SamplingRow
from generation.random_numbers import draw_uniforms
from generation.sampler import BROKEN, compute_distribution
from generation.types import TokenLogprob
from tests.fakes.sampling_rows import FakeRow

OFF = {"temperature": 1.0, "top_k": 0, "top_p": 1.0}
VOCABULARY = 40
# The sampling tests' p values are odd on purpose: exactly on a step of the cumulative sum, rounding decides.

options = st.builds(
    SamplingOptions,
    temperature=st.sampled_from([0.1, 0.7, 1.0, 2.0]),
    top_k=st.sampled_from([0, 1, 3, 17, VOCABULARY, 1000]),
    top_p=st.sampled_from([0, 0.0513, 0.3141, 0.7717, 0.9933, 1]),
    min_p=st.sampled_from([0, 0.013, 0.37, 1]),
    typical_p=st.sampled_from([0, 0.1117, 0.5813, 0.9719, 1]),
    repetition_penalty=st.sampled_from([1.0, 1.3, 2.0]),
)
ids = st.lists(st.integers(0, VOCABULARY - 1), max_size=12)
distinct = st.integers(0, 2**32).map(lambda seed: np.random.default_rng(seed).normal(0, 3, VOCABULARY).tolist())
tied = st.lists(st.integers(-4, 4).map(lambda n: n * 0.83), min_size=VOCABULARY, max_size=VOCABULARY)
# Of equally likely tokens transformers' top_p keeps arbitrary ones (its sort is not stable).
cases = st.tuples(distinct, options, ids, ids) | st.tuples(
    tied, options.map(lambda option: option.model_copy(update={"top_p": 1.0})), ids, ids
)


class Sampler(Protocol):
    def sample_tokens(self, logits: torch.Tensor, rows: Sequence[SamplingRow]) -> list[int]: ...

    def score_tokens(self, logits: torch.Tensor, token_ids: Sequence[int], alternatives: int) -> list[TokenLogprob]: ...


@pytest.fixture(scope="session", params=["torch", "native"])
def sampler(request: pytest.FixtureRequest) -> Sampler:
    """What holds for one holds for the other; its own tests compare them token by token."""
    return torch_sampler if request.param == "torch" else NativeSampler(request.getfixturevalue("kernels"))


def row(option: SamplingOptions, prompt: list[int] = (), completion: list[int] = (), seed: int = 0) -> FakeRow:
    return FakeRow(option, seed, np.array(prompt, dtype=np.int64), np.array(completion, dtype=np.int64))


def distribute_as_transformers(logits: list[float], option: SamplingOptions, seen: list[int]) -> torch.Tensor:
    steps = LogitsProcessorList()
    if option.repetition_penalty != 1:
        steps.append(RepetitionPenaltyLogitsProcessor(option.repetition_penalty))
    steps.append(TemperatureLogitsWarper(option.temperature))
    if option.top_k:
        steps.append(TopKLogitsWarper(option.top_k))
    if 0 < option.top_p < 1:
        steps.append(TopPLogitsWarper(option.top_p))
    if option.min_p:
        steps.append(MinPLogitsWarper(option.min_p))
    if 0 < option.typical_p < 1:
        steps.append(TypicalLogitsWarper(option.typical_p))
    scores = steps(torch.tensor([seen], dtype=torch.long), torch.tensor([logits], dtype=torch.double))
    return torch.softmax(scores, dim=1)[0]


@settings(max_examples=150)
@given(st.lists(cases, min_size=1, max_size=5))
def test_distribution_equals_transformers_row_by_row(cases) -> None:
    logits = torch.tensor([case[0] for case in cases], dtype=torch.double)
    found = compute_distribution(logits, [row(*case[1:]) for case in cases])
    for probabilities, (raw, option, prompt, completion) in zip(found, cases, strict=True):
        expected = distribute_as_transformers(raw, option, prompt + completion)
        torch.testing.assert_close(probabilities, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("temperature", [1e-300, 1e-310, 5e-324])
@pytest.mark.parametrize("filters", [{}, {"top_k": 0, "top_p": 1}, {"min_p": 0.1}, {"typical_p": 0.5}])
def test_the_tiniest_temperatures_are_greedy(sampler: Sampler, temperature: float, filters: dict[str, float]) -> None:
    logits = torch.tensor([[1.0, 900.0, 3.0, -2.0]])
    rows = [row(SamplingOptions(temperature=temperature, **filters))]
    assert sampler.sample_tokens(logits, rows) == [1]
    assert compute_distribution(logits, rows).tolist() == [[0, 1, 0, 0]]


@given(distinct, ids, st.sampled_from([-2, 0, 0.5]), st.sampled_from([-1, 0, 1.5]))
def test_frequency_and_presence_count_the_completion_only(logits, completion, frequency, presence) -> None:
    option = SamplingOptions(**OFF, frequency_penalty=frequency, presence_penalty=presence)
    found = compute_distribution(torch.tensor([logits]), [row(option, [1, 2, 3], completion)])[0]
    expected = torch.tensor(logits)
    for token in set(completion):
        expected[token] -= completion.count(token) * frequency + presence
    torch.testing.assert_close(found, expected.double().softmax(0), rtol=1e-5, atol=1e-7)


def test_top_p_keeps_the_token_that_crosses_p_and_sorts_everything_when_it_must() -> None:
    logits = torch.log(torch.tensor([[0.5, 0.3, 0.2]]))
    kept = compute_distribution(logits, [row(SamplingOptions(**OFF | {"top_p": 0.6}))])[0]
    torch.testing.assert_close(kept, torch.tensor([0.625, 0.375, 0.0], dtype=torch.double))
    flat = torch.linspace(0, 0.01, 5000)[None]
    wide = compute_distribution(flat, [row(SamplingOptions(**OFF | {"top_p": 0.9}))])[0]
    assert abs(int((wide > 0).sum()) - 4500) < 10


@given(tied, ids)
def test_greedy_takes_the_first_likeliest_after_penalties_and_ignores_filters(sampler: Sampler, logits, seen) -> None:
    option = SamplingOptions(temperature=0, typical_p=0.1, min_p=0.5, repetition_penalty=1.7)
    penalized = distribute_as_transformers(logits, SamplingOptions(**OFF, repetition_penalty=1.7), seen)
    assert sampler.sample_tokens(torch.tensor([logits]), [row(option, seen)]) == [int(penalized.argmax())]


@given(st.integers(0, 2**31 - 1), st.integers(1, 9))
def test_a_row_s_token_does_not_depend_on_the_other_rows(sampler: Sampler, seed: int, others: int) -> None:
    random = np.random.default_rng(seed)
    kinds = [OFF, {}, {"temperature": 0}, {"typical_p": 0.5}, {"min_p": 0.1, "top_p": 0.5, "top_k": 0}]
    rows = [row(SamplingOptions(**kinds[(seed + n) % 5]), seed=seed + n) for n in range(others + 1)]
    logits = torch.tensor(random.normal(0, 2, (others + 1, 2000)), dtype=torch.float32)
    together = sampler.sample_tokens(logits, rows)
    assert together == [sampler.sample_tokens(logits[n : n + 1], rows[n : n + 1])[0] for n in range(others + 1)]


@pytest.mark.parametrize("temperature", [5e-324, 1e-320, 1e-100, 1e-9])
@pytest.mark.parametrize("more", [OFF, {}, {"typical_p": 0.5, "min_p": 0.1}])
def test_the_smallest_temperatures_take_the_likeliest(
    sampler: Sampler, temperature: float, more: dict[str, float]
) -> None:
    option = SamplingOptions(**{**more, "temperature": temperature})
    logits = torch.tensor([[-3e4, 1.5, 3e4, 2.9e4]])
    assert sampler.sample_tokens(logits, [FakeRow(option, seed=3)]) == [2]
    assert sampler.sample_tokens(torch.tensor([[0.0, -5.0, -1e-6]]), [FakeRow(option, seed=3)]) == [0]


def test_draws_follow_the_distribution(sampler: Sampler) -> None:
    logits = torch.tensor([[0.0, 1.0, 2.0, -1.0, 0.5]])
    rows = [row(SamplingOptions(**OFF), seed=seed) for seed in range(20_000)]
    drawn = torch.bincount(torch.tensor(sampler.sample_tokens(logits.expand(len(rows), -1), rows)), minlength=5)
    assert torch.allclose(drawn / len(rows), logits[0].softmax(0), atol=0.015)


def test_never_draws_a_dropped_token(sampler: Sampler) -> None:
    logits = torch.full((4000, 300), -50.0)
    logits[:, 7] = 1.0
    rows = [row(SamplingOptions(**OFF | {"top_k": 1}), seed=seed) for seed in range(len(logits))]
    assert set(sampler.sample_tokens(logits, rows)) == {7}


def test_uniforms_are_a_spread_out_function_of_seed_and_index() -> None:
    seeds, indexes = np.meshgrid(np.arange(300, dtype=np.uint64), np.arange(300, dtype=np.uint64))
    drawn = draw_uniforms(seeds.ravel(), indexes.ravel()).reshape(seeds.shape)
    assert len(np.unique(drawn)) == drawn.size
    assert 0 <= drawn.min() <= drawn.max() < 1
    assert abs(drawn.mean() - 0.5) < 0.005
    assert abs(np.histogram(drawn, 10, (0, 1))[0] / drawn.size - 0.1).max() < 0.005
    for shifted in (drawn[1:], drawn[:, 1:]):
        same = drawn[: shifted.shape[0], : shifted.shape[1]]
        assert abs(np.corrcoef(same.ravel(), shifted.ravel())[0, 1]) < 0.02
    # These values are part of the promise: the same seed gives the same text in every version.
    assert draw_uniforms(np.array([1, 48213], np.uint64), np.array([0, 59], np.uint64)).tolist() == [
        0.7498324788715559,
        0.9013072398650505,
    ]


@given(distinct, st.integers(0, VOCABULARY - 1), st.integers(0, 50))
def test_logprobs_are_natural_and_of_the_raw_logits(
    sampler: Sampler, logits: list[float], token: int, count: int
) -> None:
    (scored,) = sampler.score_tokens(torch.tensor([logits]), [token], count)
    total = math.log(sum(math.exp(value) for value in logits))
    assert scored.token_id == token
    assert scored.logprob == pytest.approx(logits[token] - total, abs=1e-5)
    ranked = sorted(range(VOCABULARY), key=lambda index: -logits[index])
    assert [index for index, _ in scored.top] == ranked[:count]


@pytest.mark.parametrize("number", [math.nan, math.inf])
@pytest.mark.parametrize(
    "options", [{}, {"temperature": 0}, {"typical_p": 0.5}, {"min_p": 0.1, "top_p": 0.5}, {"repetition_penalty": 1.5}]
)
@pytest.mark.parametrize("place", [0, 17, VOCABULARY - 1])
def test_rows_that_are_no_numbers_are_told_and_touch_no_others(
    sampler: Sampler, number: float, options: dict, place: int
) -> None:
    logits = torch.randn((3, VOCABULARY), generator=torch.Generator().manual_seed(1))
    rows = [row(SamplingOptions(**OFF | options), seed=seed) for seed in range(3)]
    first, _, last = sampler.sample_tokens(logits, rows)
    logits[1, place] = number
    assert sampler.sample_tokens(logits, rows) == [first, BROKEN, last]
    logits[1] = number
    assert sampler.sample_tokens(logits, rows) == [first, BROKEN, last]
    logits[1] = -math.inf
    assert sampler.sample_tokens(logits, rows) == [first, BROKEN, last]
