from __future__ import annotations

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from generation.kv_cache import SlotCache
from generation.model_runner import ModelRunner, PromptPass
from generation.types import LoadedModel
from tests.fakes.tiny_models import build_byte_level_tokenizer, build_tiny_gpt2

SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 257}
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


def build_family(name: str) -> LoadedModel:
    torch.manual_seed(3)
    config = AutoConfig.for_model(name, initializer_range=0.2, max_position_embeddings=512, **FAMILIES[name])
    model = AutoModelForCausalLM.from_config(config).eval()
    return LoadedModel(name, model, build_byte_level_tokenizer(), 256, frozenset({256}))


def prompt_of(length: int) -> PromptPass:
    return PromptPass(tuple((11 + index * 37) % 250 + 3 for index in range(length)))


@pytest.mark.parametrize("name", FAMILIES)
def test_rows_of_any_family_get_the_logits_of_the_whole_text(name: str) -> None:
    loaded = build_family(name)
    runner = ModelRunner(loaded, 4)
    assert runner.row_counts[-1] == 4
    prompts = [prompt_of(length) for length in (5, 70, 40)]
    texts = [list(prompt.token_ids) for prompt in prompts]
    for row, prompt in enumerate(prompts):
        texts[row].append(int(runner.prefill(prompt).argmax()))
        runner.adopt(row, prompt)
    for _ in range(6):
        logits = runner.decode([text[-1] for text in texts], [len(text) - 1 for text in texts])
        for text, row in zip(texts, logits, strict=True):
            with torch.inference_mode():
                expected = loaded.model(torch.tensor([text])).logits[0, -1]
            torch.testing.assert_close(row, expected, atol=2e-4, rtol=1e-3)
            text.append(int(row.argmax()))


def test_the_cache_grows_in_steps_and_gives_its_memory_back() -> None:
    runner = ModelRunner(build_tiny_gpt2(), 16)
    assert runner.cache_bytes == 0
    prompt = prompt_of(10)
    runner.prefill(prompt)
    runner.adopt(0, prompt)
    row = runner.cache_bytes
    assert row == 2 * 2 * 256 * 32 * 4  # layers × (keys, values) × positions × channels × bytes
    runner.decode([1], [10])
    assert runner.cache_bytes == row * runner.row_counts[0]
    runner.decode([1] * 3, [10, 300, 10])
    assert runner.cache_bytes == row * runner.row_counts[0] * 2
    runner.wipe()
    assert runner.cache_bytes == 0


def test_a_moved_row_goes_on_as_before() -> None:
    runner = ModelRunner(build_tiny_gpt2(), 4)
    for row, length in enumerate((10, 80)):
        prompt = prompt_of(length)
        runner.prefill(prompt)
        runner.adopt(row, prompt)
    expected = runner.decode([4, 5], [10, 80])[1]
    runner.move(1, 0, 80)
    assert torch.equal(runner.decode([5], [80])[0], expected)


def test_a_row_with_broken_numbers_can_be_used_again() -> None:
    runner = ModelRunner(build_tiny_gpt2(), 4)
    prompt = prompt_of(10)
    runner.prefill(prompt)
    runner.adopt(0, prompt)
    expected = runner.decode([4], [10])
    poisoned = prompt_of(40)
    runner.prefill(poisoned)
    with torch.inference_mode():
        for layer in poisoned.cache.layers:
            layer.keys.fill_(torch.nan)
            layer.values.fill_(torch.nan)
    runner.adopt(0, poisoned)
    runner.clear(0)
    runner.adopt(0, prompt)
    assert torch.equal(runner.decode([4], [10]), expected)


def test_an_empty_cache_holds_nothing() -> None:
    assert SlotCache(64).nbytes == 0
