"""The native runner: right logits whatever came before, no block lost, room where it said that there was some."""

from __future__ import annotations

import ctypes

import pytest
import torch
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from generation.native.network import BLOCK, WeightPrecision
from generation.native_runner import CHUNK, NativeRunner
from generation.runner import PromptPass
from generation.self_test import LEAST_CORRELATION, check_runner
from generation.types import EngineLimits
from tests.fakes.native_runners import NativeModel, save_for_kernels
from tests.fakes.random_models import build_random, logits_by_transformers, tokens_of

POSITIONS = 200
BLOCKS = 2 * (-(-POSITIONS // BLOCK) + 1)
"""Of a small cache: two of the longest texts, and a block more for each."""
ROWS = 5
BASES = tuple(tokens_of(POSITIONS, seed=seed) for seed in range(1, 7))


@pytest.fixture(params=["gpt2", "llama"], scope="module")
def model(request, kernels: ctypes.CDLL, tmp_path_factory: pytest.TempPathFactory) -> NativeModel:
    loaded = build_random(request.param, positions=POSITIONS)
    return save_for_kernels(kernels, loaded, tmp_path_factory.mktemp("model"))


def small(model: NativeModel, precision: WeightPrecision = "fp32", rows: int = ROWS, threads: int = 1) -> NativeRunner:
    return model.runner(EngineLimits(rows), precision, threads, BLOCKS)


def read(runner: NativeRunner, token_ids: list[int]) -> PromptPass:
    prompt = runner.open(token_ids)
    while not prompt.finished:
        runner.prefill([prompt])
    return prompt


def fill(runner: NativeRunner) -> None:
    """Take every block that there is, and find no more."""
    prompts = [runner.open([each] * count, remembered=False) for each, count in enumerate((POSITIONS, POSITIONS, 32))]
    for prompt in prompts:
        while not prompt.finished:
            runner.prefill([prompt])
    more = runner.open([7], remembered=False)
    with pytest.raises(MemoryError):
        runner.prefill([more])
    for prompt in (*prompts, more):
        runner.close(prompt)


class Alone:
    """What each text's logits are where nothing else ever ran."""

    def __init__(self, model: NativeModel, precision: WeightPrecision) -> None:
        self._runner = model.runner(EngineLimits(1), precision)
        self._known: dict[tuple[int, ...], torch.Tensor] = {}

    def after(self, token_ids: list[int]) -> torch.Tensor:
        text = tuple(token_ids)
        if text not in self._known:
            self._runner.wipe()
            self._known[text] = self._runner.prefill([self._runner.open(text, remembered=False)])[0]
        return self._known[text]


class RunnerMachine(RuleBasedStateMachine):
    """Uses a runner as the engine does: one prompt at a time, room asked for before it and before each row."""

    def __init__(self, runner: NativeRunner, alone: Alone) -> None:
        super().__init__()
        runner.wipe()
        self.runner, self.alone = runner, alone
        self.prompt: PromptPass | None = None
        self.scoring = False
        self.positions = 0
        self.texts: list[list[int]] = []
        self.limits: list[int] = []

    @precondition(lambda self: self.prompt is None)
    @rule(
        base=st.sampled_from(BASES),
        length=st.one_of(st.integers(1, 40), st.integers(1, POSITIONS - 1)),
        growth=st.integers(1, POSITIONS),
        scoring=st.sampled_from([False, False, True]),
    )
    def open(self, base: list[int], length: int, growth: int, scoring: bool) -> None:
        positions = min(POSITIONS, length + growth)
        if not self.runner.room_for(positions):
            assert self.texts
            return
        self.prompt = self.runner.open(base[:length], remembered=not scoring)
        self.scoring, self.positions = scoring, positions
        assert self.prompt.position % BLOCK == 0
        assert self.prompt.position < length
        assert not (scoring and self.prompt.position)

    @precondition(lambda self: self.prompt is not None and not self.prompt.finished)
    @rule()
    def advance(self) -> None:
        before, tokens = self.prompt.position, self.prompt.token_ids
        most = self.runner.chunk
        if self.scoring:
            logits = self.runner.score([self.prompt])
            assert len(logits) == self.prompt.position - before
            last = logits[-1]
        else:
            last = self.runner.prefill([self.prompt])[0]
        assert 0 < self.prompt.position - before <= most
        assert torch.equal(last, self.alone.after(tokens[: self.prompt.position]))

    @precondition(lambda self: self.prompt is not None and self.prompt.finished)
    @rule()
    def adopt(self) -> None:
        if len(self.texts) == ROWS or not self.runner.room_for(self.positions):
            return
        self.runner.adopt(len(self.texts), self.prompt, self.positions)
        self.texts.append(list(self.prompt.token_ids))
        self.limits.append(self.positions)

    @precondition(lambda self: self.prompt is not None)
    @rule()
    def close(self) -> None:
        self.runner.close(self.prompt)
        self.runner.close(self.prompt)
        self.prompt = None

    @precondition(lambda self: self.texts)
    @rule(tokens=st.lists(st.integers(3, 5), min_size=ROWS, max_size=ROWS), steps=st.sampled_from([1, 1, 2, 40]))
    def decode(self, tokens: list[int], steps: int) -> None:
        for _ in range(steps):
            for row in reversed(range(len(self.texts))):
                if len(self.texts[row]) == self.limits[row]:
                    self.release(row, broken=False)
            if not self.texts:
                return
            newest = tokens[: len(self.texts)]
            logits = self.runner.decode(newest, [len(text) for text in self.texts])
            for text, token, row in zip(self.texts, newest, logits, strict=True):
                text.append(token)
                assert torch.equal(row, self.alone.after(text))

    @precondition(lambda self: self.texts)
    @rule(place=st.integers(0, ROWS - 1), broken=st.sampled_from([False, False, True]))
    def end(self, place: int, broken: bool) -> None:
        self.release(place % len(self.texts), broken)

    def release(self, row: int, broken: bool) -> None:
        self.runner.release(row, broken=broken)
        last = len(self.texts) - 1
        if row != last:
            self.runner.move(last, row, len(self.texts[last]))
        self.texts[row], self.limits[row] = self.texts[last], self.limits[last]
        del self.texts[last], self.limits[last]

    @rule()
    def wipe(self) -> None:
        self.runner.wipe()
        self.prompt = None
        self.texts, self.limits = [], []
        assert self.runner.cache_bytes == 0

    @invariant()
    def memory_is_counted(self) -> None:
        block = self.runner._network.block_bytes
        held = sum(-(-len(text) // BLOCK) for text in self.texts)
        assert self.runner.cache_bytes <= BLOCKS * block
        assert held == 0 or self.runner.cache_bytes >= block
        assert self.texts or self.runner.room_for(POSITIONS)

    def teardown(self) -> None:
        if self.prompt is not None:
            self.close()
        while self.texts:
            self.release(0, broken=False)
        fill(self.runner)


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_any_use_gives_the_logits_of_each_text_alone(model: NativeModel, precision: WeightPrecision) -> None:
    runner, alone = small(model, precision, threads=2), Alone(model, precision)
    run_state_machine_as_test(
        lambda: RunnerMachine(runner, alone), settings=settings(max_examples=60, stateful_step_count=40)
    )


def test_the_same_prompt_again_runs_its_last_block_only(model: NativeModel) -> None:
    runner = small(model)
    for length, remembered in ((1, 0), (16, 0), (17, 16), (32, 16), (33, 32), (100, 96), (200, 192)):
        text = tokens_of(length, seed=length)
        runner.close(read(runner, text))
        again = runner.open(text)
        assert again.position == remembered
        runner.close(again)


def test_a_text_that_was_written_is_remembered_as_a_prompt(model: NativeModel) -> None:
    runner = small(model)
    prompt = read(runner, BASES[0][:10])
    runner.adopt(0, prompt, 60)
    runner.close(prompt)
    for position in range(10, 50):
        runner.decode([BASES[0][position]], [position])
    runner.release(0)
    assert runner.open(BASES[0][:60]).position == 48


def test_what_a_broken_row_held_is_read_anew(model: NativeModel) -> None:
    runner = small(model)
    prompt = read(runner, BASES[0][:40])
    for row in range(2):
        runner.adopt(row, prompt, 60)
    runner.close(prompt)
    runner.release(1, broken=True)
    assert runner.open(BASES[0][:40]).position == 0
    runner.decode([3], [40])


def test_prompts_and_rows_are_remembered_until_others_need_the_memory(model: NativeModel) -> None:
    runner = small(model)
    texts = [tokens_of(100, seed=seed) for seed in range(9)]
    for text in texts:
        runner.close(read(runner, text))
    # 28 blocks hold four texts of six whole ones, and of the fifth the beginning: its end went first. One is free.
    assert [runner.open(text).position for text in reversed(texts)] == [96, 96, 96, 96, 48, 0, 0, 0, 0]


def test_short_texts_keep_to_the_budget_however_many_come(model: NativeModel) -> None:
    runner = model.runner(EngineLimits(ROWS), blocks=4)
    for seed in range(20):
        runner.close(read(runner, tokens_of(30, seed=seed)))
        assert runner.cache_bytes <= 4 * runner._network.block_bytes
    assert runner.open(tokens_of(30, seed=19)).position == 16


@pytest.mark.parametrize("blocks", [0, 4])
def test_a_text_alone_may_need_more_than_the_budget_which_then_holds_again(model: NativeModel, blocks: int) -> None:
    runner = model.runner(EngineLimits(ROWS), blocks=blocks)
    assert runner.room_for(POSITIONS)
    prompt = read(runner, BASES[0][: POSITIONS - 3])
    runner.adopt(0, prompt, POSITIONS)
    assert not runner.room_for(POSITIONS, prompt)
    for position in range(POSITIONS - 3, POSITIONS):
        runner.decode([3], [position])
    runner.close(prompt)
    runner.release(0)
    assert runner.cache_bytes == blocks * runner._network.block_bytes
    assert runner.room_for(POSITIONS)


def test_rows_of_one_prompt_share_its_blocks(model: NativeModel) -> None:
    runner = small(model)
    prompt = read(runner, BASES[0][:100])
    alone = runner.cache_bytes
    for row in range(ROWS):
        assert runner.room_for(110, prompt)
        runner.adopt(row, prompt, 110)
    assert runner.cache_bytes == alone // 7 * (7 + ROWS)
    for row in reversed(range(ROWS)):
        runner.release(row)
    runner.close(prompt)
    fill(runner)


def test_a_row_that_can_not_be_adopted_leaves_nothing(model: NativeModel) -> None:
    runner = small(model, rows=40)
    prompt = read(runner, BASES[0][:40])
    for row in range(BLOCKS - 3):
        runner.adopt(row, prompt, 48)
    with pytest.raises(MemoryError):
        runner.adopt(BLOCKS - 3, prompt, 48)
    runner.release(BLOCKS - 4)
    runner.adopt(BLOCKS - 4, prompt, 48)
    logits = runner.decode([9] * (BLOCKS - 3), [40] * (BLOCKS - 3))
    assert torch.equal(logits, logits[:1].expand_as(logits))
    for row in reversed(range(BLOCKS - 3)):
        runner.release(row)
    runner.close(prompt)
    fill(runner)


def test_while_others_run_a_prompt_goes_in_smaller_chunks(model: NativeModel) -> None:
    runner = small(model)
    assert runner.chunk == CHUNK
    runner.adopt(0, read(runner, BASES[0][:5]), 20)
    long = runner.open(BASES[1])
    runner.prefill([long])
    assert long.position == runner.chunk < CHUNK


def test_a_closed_prompt_is_no_prompt(model: NativeModel) -> None:
    runner = small(model)
    prompt = runner.open(BASES[0])
    runner.close(prompt)
    with pytest.raises(TypeError, match="closed"):
        runner.prefill([prompt])


@pytest.mark.parametrize("blocks", [0, BLOCKS])
def test_a_cache_too_small_for_all_rows_is_tried_as_far_as_it_goes(model: NativeModel, blocks: int) -> None:
    text = tokens_of(48)
    runner = model.runner(EngineLimits(64), blocks=blocks)
    expected = logits_by_transformers(model.loaded, text)
    check_runner(runner, text, expected, LEAST_CORRELATION["fp32"], 64)
    assert runner.cache_bytes == 0


def test_rows_that_there_was_room_for_grow_to_their_last_position(model: NativeModel) -> None:
    runner = small(model, rows=20)
    prompt, rows = None, 0
    while runner.room_for(64):
        if prompt is not None:
            runner.close(prompt)
        prompt = read(runner, tokens_of(5, seed=rows))
        assert runner.room_for(64)
        runner.adopt(rows, prompt, 64)
        rows += 1
    # Four blocks each, and one of the prompt that is still open.
    assert rows == (BLOCKS - 1) // 4
    for position in range(5, 64):
        runner.decode(list(range(rows)), [position] * rows)
