from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from config.sampling import SamplingOptions
from generation import sampler as reference
from generation.native.network import NativeNetwork, NetworkShape
from generation.native.sampler import NativeSampler
from generation.penalties import penalize
from generation.random_numbers import draw_uniforms
from generation.sampler import BROKEN
from tests.fakes.sampling_rows import FakeRow

ROUNDING = 1e-12
"""How far apart two running sums of the same probabilities may be; a few hundred thousand roundings of 1e-16."""

# The p values are odd on purpose: exactly on a step of the cumulative sum, rounding decides.
options = st.builds(
    SamplingOptions,
    temperature=st.sampled_from([0, 5e-324, 1e-300, 1e-9, 0.113, 0.8, 1.0, 2.0]),
    top_k=st.sampled_from([0, 1, 2, 40, 400, 7000, 1_000_000]),
    top_p=st.sampled_from([0, 0.05130173, 0.31415927, 0.77171717, 0.95019283, 0.99930111, 1]),
    min_p=st.sampled_from([0, 0, 1e-7, 0.01300137, 0.37010101, 1]),
    typical_p=st.sampled_from([0, 1, 0.11170313, 0.58130911, 0.97190713]),
    repetition_penalty=st.sampled_from([1.0, 1.0, 1.3, 2.0]),
    frequency_penalty=st.sampled_from([0, 0, 0.7, -0.31]),
    presence_penalty=st.sampled_from([0, 0, 1.1, -2]),
)
vocabularies = st.integers(1, 300) | st.sampled_from([63, 64, 65, 128, 5000, 50_257]) | st.integers(1, 60_000)


@dataclass(frozen=True)
class Logits:
    """One row from a few numbers, so that Hypothesis has little to shrink."""

    vocabulary: int
    kind: str
    scale: float
    dropped: float
    """The share of -inf among them."""
    seed: int

    def row(self) -> np.ndarray:
        random = np.random.default_rng(self.seed)
        spread = random.normal(0, 1, self.vocabulary)
        values = {
            "normal": spread,
            "flat": np.ones(self.vocabulary),
            "tied": np.round(spread * 2) * 0.83,
            "almost flat": 1 + spread * 1e-6,
            "peaked": np.where(random.random(self.vocabulary) < 0.01, spread * 3 + 9, spread),
            "zeros": np.where(spread > 0, 0.0, -0.0),
        }[self.kind]
        row = (values * self.scale).astype(np.float32)
        row[random.random(self.vocabulary) < self.dropped] = -np.inf
        row[random.integers(self.vocabulary)] = np.float32(self.scale)
        return row


def logits_of(vocabulary: int) -> st.SearchStrategy[Logits]:
    return st.builds(
        Logits,
        st.just(vocabulary),
        st.sampled_from(["normal", "flat", "tied", "almost flat", "peaked", "zeros"]),
        st.sampled_from([1.0, 2.5, 1.0, 30.0, 1e-3, 1e-30, 1e-44, 1e7, 1e30, 1e37]),
        st.sampled_from([0, 0, 0.1, 0.99, 1]),
        st.integers(0, 2**32),
    )


def rows_of(vocabulary: int) -> st.SearchStrategy[tuple[Logits, FakeRow]]:
    ids = st.lists(st.integers(0, vocabulary - 1), max_size=12).map(lambda ids: np.array(ids, dtype=np.int64))
    return st.tuples(logits_of(vocabulary), st.builds(FakeRow, options, st.integers(0, 2**31 - 1), ids, ids))


@pytest.fixture(scope="session")
def native(kernels: ctypes.CDLL) -> NativeSampler:
    return NativeSampler(kernels)


@settings(max_examples=200)
@given(vocabularies.flatmap(lambda vocabulary: st.lists(rows_of(vocabulary), min_size=1, max_size=4)))
def test_draws_the_tokens_that_torch_draws(native: NativeSampler, cases: list[tuple[Logits, FakeRow]]) -> None:
    logits = torch.from_numpy(np.stack([case.row() for case, _ in cases]))
    rows = [row for _, row in cases]
    expected = reference.sample_tokens(logits, rows)
    for index, (drawn, wanted) in enumerate(zip(native.sample_tokens(logits, rows), expected, strict=True)):
        if drawn != wanted:
            assert_within_rounding(logits[index], rows[index], {drawn, wanted})


def assert_within_rounding(logits: torch.Tensor, row: FakeRow, tokens: set[int]) -> None:
    """Both tokens are kept, stand side by side, and the number drawn lies on the boundary between them."""
    if is_tied_in_surprise(logits, row):
        return
    probabilities = reference.compute_distribution(logits[None], [row])[0]
    first, second = sorted(tokens)
    reached = probabilities.cumsum(0)
    uniform = draw_uniforms(np.array([row.seed], np.uint64), np.array([len(row.completion_ids)], np.uint64))[0]
    assert probabilities[first] > 0
    assert probabilities[second] > 0
    assert float(probabilities[first + 1 : second].sum()) < ROUNDING
    assert abs(uniform * float(reached[-1]) - float(reached[first])) < ROUNDING


def is_tied_in_surprise(logits: torch.Tensor, row: FakeRow) -> bool:
    """Whether typical_p ends between tokens of unlike probability that are equally far from the expected surprise.

    So it is for one, when two probabilities have half of the tokens each; rounding alone decides which are kept.
    """
    if not 0 < row.options.typical_p < 1:
        return False
    untyped = replace(row, options=row.options.model_copy(update={"typical_p": 1}))
    probabilities = reference.compute_distribution(logits[None], [untyped])[0]
    probabilities = probabilities[probabilities > 0]
    surprise = -probabilities.log()
    oddness, order = (surprise - (probabilities * surprise).sum()).abs().sort(stable=True)
    reached = probabilities[order].cumsum(0)
    last = min(int((reached < row.options.typical_p).sum()), len(order) - 1)
    near = (oddness - oddness[last]).abs() < ROUNDING
    return len(surprise[order][near].unique()) > 1


@settings(max_examples=50)
@given(logits_of(5000), options, st.integers(0, 2**20))
def test_many_draws_of_one_row_are_the_same(native: NativeSampler, case: Logits, option: SamplingOptions, seed) -> None:
    """Also where the rows lie in the same memory, as those of the samples of one prompt do."""
    logits = torch.from_numpy(case.row())[None].expand(8, -1)
    rows = [FakeRow(option, seed=seed + index) for index in range(8)]
    expected = reference.sample_tokens(logits, rows)
    for row, drawn, wanted in zip(rows, native.sample_tokens(logits, rows), expected, strict=True):
        if drawn != wanted:
            assert_within_rounding(logits[0], row, {drawn, wanted})


@pytest.mark.parametrize("filters", [{"top_k": 3, "top_p": 1}, {"top_k": 0, "top_p": 0.01515}])
def test_logits_that_differ_but_score_the_same_are_equals(native: NativeSampler, filters: dict[str, float]) -> None:
    """Beside a large logit the differences of tiny ones are lost, also in double precision."""
    logits = torch.from_numpy(np.random.default_rng(1).normal(0, 1e-20, 2000).astype(np.float32))
    logits[1000] = 3.0
    rows = [FakeRow(SamplingOptions(temperature=1, **filters), seed=seed) for seed in range(100)]
    crowd = logits.expand(len(rows), -1)
    assert native.sample_tokens(crowd, rows) == reference.sample_tokens(crowd, rows)


def test_penalties_are_rounded_as_torch_rounds_them(native: NativeSampler) -> None:
    """Seen in ties: the likeliest is the first only if penalizing it gives the very number of the second."""
    first = torch.from_numpy(np.random.default_rng(2).normal(0, 3, 500).astype(np.float32))
    for option in (
        SamplingOptions(temperature=0, frequency_penalty=0.1, presence_penalty=0.3),
        SamplingOptions(temperature=0, repetition_penalty=1.7),
    ):
        rows = [FakeRow(option, completion_ids=np.array([0, 0, 0]))] * len(first)
        penalized = penalize(first[:, None], rows)[:, 0]
        below = torch.nextafter(penalized, torch.tensor(-torch.inf))
        logits = torch.stack([first, penalized, below], dim=1)
        assert set(native.sample_tokens(logits, rows)) == {0}
        above = torch.nextafter(penalized, torch.tensor(torch.inf))
        logits = torch.stack([first, penalized, above], dim=1)
        assert set(native.sample_tokens(logits, rows)) == {2}


@pytest.mark.parametrize("bad", [math.nan, -math.nan, math.inf])
@pytest.mark.parametrize("place", [0, 63, 64, 999])
@pytest.mark.parametrize("more", [{}, {"temperature": 0}, {"repetition_penalty": 1.5}])
def test_rows_that_are_no_numbers_are_named_and_the_others_drawn(
    native: NativeSampler, bad: float, place: int, more: dict[str, float]
) -> None:
    logits = torch.zeros(3, 1000)
    logits[:, 70] = 90.0
    logits[1, place] = bad
    rows = [FakeRow(SamplingOptions(**more), seed=seed) for seed in range(3)]
    assert native.sample_tokens(logits, rows) == [70, BROKEN, 70]


def test_a_row_of_minus_infinities_is_no_distribution(native: NativeSampler) -> None:
    logits = torch.full((2, 100), -torch.inf)
    logits[1, 5] = -1e38
    assert native.sample_tokens(logits, [FakeRow(SamplingOptions())] * 2) == [BROKEN, 5]
    doubled = FakeRow(SamplingOptions(repetition_penalty=2), prompt_ids=np.array([5]))
    logits[1, 5] = -3e38
    assert native.sample_tokens(logits[1:], [doubled]) == [BROKEN]


def test_options_that_come_and_go_are_not_mixed_up(native: NativeSampler) -> None:
    logits = torch.linspace(0, 9, 500)[None]
    for seed in range(5000):
        option = SamplingOptions(temperature=seed % 2, top_k=0, top_p=1)
        drawn = native.sample_tokens(logits, [FakeRow(option, seed=seed)])
        assert option.temperature or drawn == [499]


def test_ids_beyond_the_vocabulary_are_passed_over(native: NativeSampler) -> None:
    row = FakeRow(SamplingOptions(temperature=0, presence_penalty=2), completion_ids=np.array([-1, 1, 500, 2**40]))
    assert native.sample_tokens(torch.tensor([[0.0, 1.0, 0.5]]), [row]) == [2]


def test_refuses_what_it_would_misread(native: NativeSampler) -> None:
    row = FakeRow(SamplingOptions())
    with pytest.raises(TypeError, match="float64"):
        native.sample_tokens(torch.zeros(1, 5, dtype=torch.double), [row])
    with pytest.raises(ValueError, match="for 2 rows"):
        native.sample_tokens(torch.zeros(1, 5), [row, row])
    with pytest.raises(ValueError, match="side by side"):
        native.sample_tokens(torch.zeros(5, 3).T, [row] * 3)
    with pytest.raises(IndexError):
        native.score_tokens(torch.zeros(1, 5), [5], 0)
    penalized = FakeRow(SamplingOptions(presence_penalty=1), completion_ids=np.zeros(3, dtype=np.int32))
    with pytest.raises(TypeError, match="int32"):
        native.sample_tokens(torch.zeros(1, 5), [penalized])


@settings(max_examples=100)
@given(
    st.integers(1, 60_000).flatmap(logits_of),
    st.integers(0, 2**32),
    st.sampled_from([0, 1, 5, 20, 900, 100_000]),
)
def test_logprobs_are_those_of_torch(native: NativeSampler, case: Logits, token: int, alternatives: int) -> None:
    row = case.row()
    logits, token = torch.from_numpy(row)[None], token % case.vocabulary
    (found,), (expected,) = (each.score_tokens(logits, [token], alternatives) for each in (native, reference))
    assert found.token_id == token
    assert found.logprob == pytest.approx(expected.logprob, abs=1e-11)
    assert [value for _, value in found.top] == pytest.approx([value for _, value in expected.top], abs=1e-11)
    # Of equals torch reports arbitrary ones; here the lower ids come first.
    assert [index for index, _ in found.top] == np.argsort(-row, kind="stable")[: len(found.top)].tolist()


def test_logprobs_of_what_is_no_number_are_nan_and_the_other_rows_are_right(native: NativeSampler) -> None:
    logits = torch.zeros(3, 100)
    logits[1, 3] = torch.nan
    scored = native.score_tokens(logits, [1, 2, 3], 2)
    assert [entry.logprob for entry in scored] == [
        pytest.approx(-math.log(100)),
        pytest.approx(math.nan, nan_ok=True),
        pytest.approx(-math.log(100)),
    ]
    assert [index for index, _ in scored[2].top] == [0, 1]


@pytest.fixture(scope="module")
def together(kernels: ctypes.CDLL) -> NativeSampler:
    """Its rows are shared among three threads."""
    smallest = NetworkShape(1, 32, 1, 1, 32, 32, 32, gated=True, positions=16, epsilon=1e-5)
    return NativeSampler(kernels, NativeNetwork(kernels, smallest, "fp32", most_rows=1, threads=3))


@pytest.mark.parametrize("rows", [1, 2, 5, 33])
def test_any_number_of_threads_samples_rows_the_same(together: NativeSampler, native: NativeSampler, rows: int) -> None:
    logits = torch.randn(rows, 300, generator=torch.Generator().manual_seed(rows))
    asking = [FakeRow(SamplingOptions(top_k=row % 7, seed=row), seed=row) for row in range(rows)]
    for _ in range(20):
        assert together.sample_tokens(logits, asking) == native.sample_tokens(logits, asking)


@pytest.mark.parametrize("rows", [1, 2, 5, 33])
def test_any_number_of_threads_scores_rows_the_same(together: NativeSampler, native: NativeSampler, rows: int) -> None:
    logits = torch.randn(rows, 300, generator=torch.Generator().manual_seed(rows))
    tokens = [row % 300 for row in range(rows)]
    assert together.score_tokens(logits, tokens, 5) == native.score_tokens(logits, tokens, 5)
    # Rows that are parts of a wider matrix stand further apart.
    wide = torch.randn(rows, 700, generator=torch.Generator().manual_seed(rows))[:, 100:400]
    assert together.score_tokens(wide, tokens, 5) == native.score_tokens(wide.contiguous(), tokens, 5)


def test_no_rows_are_no_tokens(native: NativeSampler) -> None:
    assert native.sample_tokens(torch.zeros(0, 10), []) == []
    assert native.score_tokens(torch.zeros(0, 10), [], 3) == []
