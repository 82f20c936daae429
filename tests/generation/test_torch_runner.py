from __future__ import annotations

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from generation.kv_cache import SlotCache
from generation.runner import PromptPass
from generation.torch_runner import TorchRunner
from generation.types import EngineLimits
from tests.fakes.tiny_models import NetworkModel, build_byte_level_tokenizer, build_tiny_gpt2
from tests.fakes.torch_engine import build_torch_runner

SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 257}
POSITION = 2 * 2 * 32 * 4
"""Bytes of tiny GPT-2: layers × (keys, values) × channels × bytes of a number."""
FAMILIES = {
    "gpt_neox": {**SIZES, "intermediate_size": 64},
    "opt": {**SIZES, "ffn_dim": 64, "word_embed_proj_dim": 32, "pad_token_id": 1},
    "qwen2": {**SIZES, "intermediate_size": 64, "num_key_value_heads": 2},
    "qwen3": {**SIZES, "intermediate_size": 64, "num_key_value_heads": 2, "head_dim": 8},
    "mistral": {**SIZES, "intermediate_size": 64, "num_key_value_heads": 2},
    "bloom": {"hidden_size": 32, "n_layer": 2, "n_head": 4, "vocab_size": 257},
    "gptj": {"n_embd": 32, "n_layer": 2, "n_head": 4, "rotary_dim": 4, "vocab_size": 257},
    "gpt_neo": {
        **{key: value for key, value in SIZES.items() if key != "num_hidden_layers"},
        "num_layers": 2,
        "num_heads": 4,
        "attention_types": [[["global", "local"], 1]],
    },
    "phi": {**SIZES, "intermediate_size": 64},
    "gemma": {**SIZES, "intermediate_size": 64, "num_key_value_heads": 1, "head_dim": 8},
}


def build_family(name: str) -> NetworkModel:
    torch.manual_seed(3)
    config = AutoConfig.for_model(name, initializer_range=0.2, max_position_embeddings=512, **FAMILIES[name])
    model = AutoModelForCausalLM.from_config(config).eval()
    return NetworkModel(name, config, build_byte_level_tokenizer(), 256, frozenset({256}), model)


def tokens_of(length: int) -> tuple[int, ...]:
    return tuple((11 + index * 37) % 250 + 3 for index in range(length))


def read(runner: TorchRunner, length: int) -> PromptPass:
    prompt = runner.open(tokens_of(length))
    while not prompt.finished:
        runner.prefill([prompt])
    return prompt


@pytest.mark.parametrize("name", FAMILIES)
def test_rows_of_any_family_get_the_logits_of_the_whole_text(name: str) -> None:
    loaded = build_family(name)
    runner = build_torch_runner(loaded, EngineLimits(4))
    assert runner.row_counts[-1] == 4
    prompts = [runner.open(tokens_of(length)) for length in (5, 70, 40)]
    texts = [list(prompt.token_ids) for prompt in prompts]
    for row, prompt in enumerate(prompts):
        texts[row].append(int(runner.prefill([prompt])[0].argmax()))
        runner.adopt(row, prompt, 100)
    for _ in range(6):
        logits = runner.decode([text[-1] for text in texts], [len(text) - 1 for text in texts])
        for text, row in zip(texts, logits, strict=True):
            with torch.inference_mode():
                expected = loaded.network(torch.tensor([text])).logits[0, -1]
            torch.testing.assert_close(row, expected, atol=2e-4, rtol=1e-3)
            text.append(int(row.argmax()))


def test_the_cache_grows_in_steps_and_gives_its_memory_back() -> None:
    runner = build_torch_runner(build_tiny_gpt2(), EngineLimits(16))
    assert runner.cache_bytes == 0
    prompt = runner.open(tokens_of(10), remembered=False)
    runner.prefill([prompt])
    assert runner.cache_bytes == 10 * POSITION
    runner.adopt(0, prompt, 300)
    runner.close(prompt)
    row = runner.cache_bytes
    assert row == 256 * POSITION
    runner.decode([1], [10])
    assert runner.cache_bytes == row * runner.row_counts[0]
    runner.decode([1] * 3, [10, 300, 10])
    assert runner.cache_bytes == row * runner.row_counts[0] * 2
    runner.wipe()
    assert runner.cache_bytes == 0


def test_a_moved_row_goes_on_as_before() -> None:
    runner = build_torch_runner(build_tiny_gpt2(), EngineLimits(4))
    for row, length in enumerate((10, 80)):
        runner.adopt(row, read(runner, length), 100)
    expected = runner.decode([4, 5], [10, 80])[1]
    runner.release(0)
    runner.move(1, 0, 80)
    assert torch.equal(runner.decode([5], [80])[0], expected)


def test_a_row_with_broken_numbers_can_be_used_again() -> None:
    runner = build_torch_runner(build_tiny_gpt2(), EngineLimits(4))
    prompt = read(runner, 10)
    runner.adopt(0, prompt, 100)
    expected = runner.decode([4], [10])
    runner.release(0)
    poisoned = read(runner, 40)
    poison(poisoned)
    runner.adopt(0, poisoned, 100)
    runner.release(0, broken=True)
    runner.adopt(0, prompt, 100)
    assert torch.equal(runner.decode([4], [10]), expected)
    assert runner.open(tokens_of(40)).position == 0


def poison(prompt: PromptPass) -> None:
    with torch.inference_mode():
        for layer in prompt.memory.cache.layers:
            layer.keys.fill_(torch.nan)
            layer.values.fill_(torch.nan)


@pytest.mark.parametrize("length", [10, 256, 400])
def test_a_prompt_that_comes_again_costs_no_pass_and_has_the_same_bits(length: int) -> None:
    loaded = CountingModel(build_tiny_gpt2())
    runner = loaded.runner
    first = runner.open(tokens_of(length))
    while not first.finished:
        logits = runner.prefill([first])[0]
    runner.adopt(0, first, 500)
    expected = runner.decode([4], [length])
    runner.close(first)
    runner.release(0)
    passes = loaded.passes
    again = runner.open(tokens_of(length))
    assert again.position == length - 1
    assert torch.equal(runner.prefill([again])[0], logits)
    assert again.finished
    assert loaded.passes == passes
    runner.adopt(0, again, 500)
    assert torch.equal(runner.decode([4], [length]), expected)


class CountingModel:
    """A runner, and how often its network was asked."""

    def __init__(self, loaded: NetworkModel) -> None:
        self.passes = 0
        self.runner = build_torch_runner(loaded, EngineLimits(4))
        loaded.network.register_forward_hook(self._count)

    def _count(self, *_: object) -> None:
        self.passes += 1


def test_other_prompts_and_passes_of_their_own_are_read_anew() -> None:
    runner = build_torch_runner(build_tiny_gpt2(), EngineLimits(4))
    runner.close(read(runner, 300))
    assert runner.open(tokens_of(299)).position == 0
    assert runner.open((*tokens_of(300), 9)).position == 0
    scoring = runner.open(tokens_of(300), remembered=False)
    assert scoring.position == 0
    assert [len(runner.score([scoring])) for _ in range(2)] == [256, 44]


def test_remembered_prompts_get_the_memory_that_rows_leave() -> None:
    logits = 257 * 4
    budget = 4 * 256 * POSITION + 2 * (100 * POSITION + logits)
    runner = build_torch_runner(build_tiny_gpt2(), EngineLimits(4, cache_bytes=budget))
    prompts = [runner.open([place, *tokens_of(99)]) for place in range(10)]
    for prompt in prompts:
        runner.prefill([prompt])
    runner.adopt(0, prompts[0], 200)
    for prompt in prompts:
        runner.close(prompt)
    assert [runner.open(prompt.token_ids).position for prompt in prompts] == [0] * 8 + [99] * 2
    assert runner.room_for(256)
    assert not runner.room_for(257)


def test_there_is_room_for_what_the_budget_allows_and_always_when_nothing_runs() -> None:
    budget = 8 * 256 * POSITION
    runner = build_torch_runner(build_tiny_gpt2(), EngineLimits(16, cache_bytes=budget))
    prompt = read(runner, 10)
    assert runner.room_for(512)
    for row in range(8):
        assert runner.room_for(100)
        runner.adopt(row, prompt, 100)
    assert not runner.room_for(100)
    for row in reversed(range(8)):
        runner.release(row)
    runner.adopt(0, prompt, 512)
    assert runner.room_for(512)
    runner.release(0)
    assert runner.room_for(512)


def test_a_row_that_took_more_than_the_budget_gives_it_back() -> None:
    runner = build_torch_runner(build_tiny_gpt2(), EngineLimits(4, cache_bytes=256 * POSITION))
    prompt = read(runner, 10)
    runner.adopt(0, prompt, 100)
    runner.close(prompt)
    runner.decode([1], [10])
    assert runner.cache_bytes > 256 * POSITION
    runner.release(0)
    assert runner.cache_bytes == 0


def test_an_empty_cache_holds_nothing() -> None:
    assert SlotCache(64).nbytes == 0
