"""The native network computes what transformers computes, whatever the model's sizes and however its weights lie."""

from __future__ import annotations

import ctypes
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM

from generation.fast_path import NoFastRunner
from generation.models import longest_text
from generation.native.network import WeightPrecision
from generation.native_weights import check_family
from generation.self_test import LEAST_CORRELATION, score_text
from tests.fakes.native_runners import NativeModel, save_for_kernels
from tests.fakes.random_models import build_random, logits_by_transformers, tokens_of

SIZES = {
    "gpt2": ("gpt2", {}),
    "gpt2, narrow heads, odd width": ("gpt2", {"n_embd": 40, "n_head": 5}),
    "gpt2, heads of 12": ("gpt2", {"n_embd": 36, "n_head": 3, "n_inner": 100}),
    "gpt2, own head": ("gpt2", {"tie_word_embeddings": False, "n_embd": 64, "n_head": 2}),
    "gpt2, large vocabulary": ("gpt2", {"vocab_size": 1000}),
    "llama": ("llama", {}),
    "llama, tied": ("llama", {"tie_word_embeddings": True}),
    "llama, no groups": ("llama", {"num_key_value_heads": 4}),
    "llama, one key head": ("llama", {"num_key_value_heads": 1, "head_dim": 80}),
    "llama, odd widths": ("llama", {"hidden_size": 100, "intermediate_size": 70, "head_dim": 16}),
    "llama, width 96": ("llama", {"hidden_size": 96, "intermediate_size": 100, "head_dim": 32}),
    "llama, heads of 64": ("llama", {"hidden_size": 72, "head_dim": 64}),
    "llama, heads of 256": ("llama", {"head_dim": 256}),
    "llama, biases": ("llama", {"attention_bias": True, "mlp_bias": True}),
    "mistral": ("mistral", {"sliding_window": None}),
    "qwen2": ("qwen2", {"tie_word_embeddings": True}),
}
STRETCHED = {
    "linear": {"factor": 2.0},
    "llama3": {
        "factor": 4.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 128,
    },
    "yarn": {"factor": 4.0, "original_max_position_embeddings": 128},
}
TEXT = tokens_of(75)


def least_correlation(found: torch.Tensor, expected: torch.Tensor) -> float:
    """Over the tokens."""
    pairs = [torch.stack([left, right]) for left, right in zip(found.double(), expected.double(), strict=True)]
    return min(float(torch.corrcoef(pair)[0, 1]) for pair in pairs)


@pytest.mark.parametrize("name", SIZES)
def test_logits_are_those_of_transformers(kernels: ctypes.CDLL, tmp_path: Path, name: str) -> None:
    kind, sizes = SIZES[name]
    loaded = build_random(kind, **sizes)
    native = save_for_kernels(kernels, loaded, tmp_path)
    expected = logits_by_transformers(loaded, TEXT)
    found = score_text(native.runner(threads=2), TEXT)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)
    for precision in ("bf16", "int8"):
        found = score_text(native.runner(precision=precision), TEXT)
        assert least_correlation(found, expected) > LEAST_CORRELATION[precision]


@pytest.mark.parametrize("rotation", STRETCHED)
def test_stretched_positions_are_those_of_transformers(kernels: ctypes.CDLL, tmp_path: Path, rotation: str) -> None:
    parameters = {"rope_type": rotation, "rope_theta": 10000.0, **STRETCHED[rotation]}
    loaded = build_random("llama", positions=512, rope_parameters=parameters)
    native = save_for_kernels(kernels, loaded, tmp_path)
    text = tokens_of(500)
    torch.testing.assert_close(
        score_text(native.runner(), text), logits_by_transformers(loaded, text), atol=2e-4, rtol=2e-4
    )


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_a_long_text_up_to_the_last_position(kernels: ctypes.CDLL, tmp_path: Path, kind: str) -> None:
    length = 1100
    sizes = {"n_positions": length} if kind == "gpt2" else {"max_position_embeddings": length}
    loaded = build_random(kind, positions=length, **sizes)
    native = save_for_kernels(kernels, loaded, tmp_path)
    text = tokens_of(length)
    torch.testing.assert_close(
        score_text(native.runner(threads=2), text), logits_by_transformers(loaded, text), atol=2e-4, rtol=2e-4
    )


@pytest.mark.parametrize("length", [1, 2, 15, 16, 17, 31, 32, 33, 48])
def test_a_text_that_ends_about_a_block_is_continued_rightly(tiny: NativeModel, length: int) -> None:
    runner = tiny.runner()
    text = tokens_of(length + 3)
    expected = logits_by_transformers(tiny.loaded, text)
    prompt = runner.open(text[:length])
    found = [runner.prefill([prompt])[0]]
    runner.adopt(0, prompt, length + 3)
    runner.close(prompt)
    found += [runner.decode([text[position]], [position])[0] for position in range(length, length + 3)]
    torch.testing.assert_close(torch.stack(found), expected[length - 1 :], atol=1e-4, rtol=1e-4)


@pytest.fixture(params=["gpt2", "llama"], scope="module")
def tiny(request, kernels: ctypes.CDLL, tmp_path_factory: pytest.TempPathFactory) -> NativeModel:
    return save_for_kernels(kernels, build_random(request.param), tmp_path_factory.mktemp("tiny"))


def test_names_without_the_models_own_prefix(tiny: NativeModel, tmp_path: Path) -> None:
    """As on the hub: GPT-2's own files begin with "wte.weight", and lack a head."""
    prefix = "transformer." if tiny.loaded.config.model_type == "gpt2" else "model."
    stored = load_file(tiny.folder / "model.safetensors")
    save_file({name.removeprefix(prefix): each for name, each in stored.items()}, tmp_path / "model.safetensors")
    assert_same_bits(replace(tiny, folder=tmp_path), tiny)


def test_weights_in_several_files(tiny: NativeModel, tmp_path: Path) -> None:
    tiny.loaded.network.save_pretrained(tmp_path, max_shard_size="20KB")
    assert len(list(tmp_path.glob("*.safetensors"))) > 2
    assert_same_bits(replace(tiny, folder=tmp_path), tiny)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("kind", ["gpt2", "qwen2"])
def test_weights_stored_in_half(kernels: ctypes.CDLL, tmp_path: Path, kind: str, dtype: torch.dtype) -> None:
    loaded = build_random(kind)
    loaded.network.to(dtype)
    native = save_for_kernels(kernels, loaded, tmp_path)
    in_fp32 = AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32)
    expected = logits_by_transformers(replace(loaded, network=in_fp32), TEXT)
    torch.testing.assert_close(score_text(native.runner(), TEXT), expected, atol=1e-4, rtol=1e-4)
    if dtype == torch.bfloat16:
        found = score_text(native.runner(precision="bf16"), TEXT)
        assert least_correlation(found, expected) > 0.99999


def assert_same_bits(found: NativeModel, expected: NativeModel) -> None:
    assert torch.equal(score_text(found.runner(), TEXT), score_text(expected.runner(), TEXT))


def test_a_missing_weight_is_named(tiny: NativeModel, tmp_path: Path) -> None:
    stored = load_file(tiny.folder / "model.safetensors")
    name = next(name for name in stored if "layers.1" in name or "h.1" in name)
    del stored[name]
    save_file(stored, tmp_path / "model.safetensors")
    with pytest.raises(KeyError, match=name.partition(".")[2].replace(".", r"\.")):
        replace(tiny, folder=tmp_path).runner()


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("gpt2", "h.1.attn.c_attn.weight"),
        ("gpt2", "h.0.mlp.c_fc.bias"),
        ("gpt2", "h.1.ln_2.weight"),
        ("gpt2", "wte.weight"),
        ("llama", "layers.1.self_attn.q_proj.weight"),
        ("llama", "layers.0.mlp.down_proj.weight"),
        ("llama", "model.norm.weight"),
        ("llama", "lm_head.weight"),
    ],
)
def test_a_weight_of_another_size_is_refused(kernels: ctypes.CDLL, tmp_path: Path, kind: str, name: str) -> None:
    native = save_for_kernels(kernels, build_random(kind), tmp_path)
    stored = load_file(tmp_path / "model.safetensors")
    [full] = [each for each in stored if each.endswith(name)]
    stored[full] = stored[full][:-1].contiguous()
    save_file(stored, tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match=r"\[.*\] where the model has"):
        native.runner()


def test_biases_that_the_configuration_does_not_tell_of_mean_nothing(kernels: ctypes.CDLL, tmp_path: Path) -> None:
    loaded = build_random("llama")
    native = save_for_kernels(kernels, loaded, tmp_path)
    stored = load_file(tmp_path / "model.safetensors")
    for name in [name for name in stored if name.endswith("proj.weight")]:
        stored[f"{name.removesuffix('weight')}bias"] = torch.ones(3)
    (tmp_path / "more").mkdir()
    save_file(stored, tmp_path / "more" / "model.safetensors")
    assert_same_bits(replace(native, folder=tmp_path / "more"), native)


@pytest.mark.parametrize("precision", ["fp32", "bf16", "int8"])
def test_what_is_no_number_shows(kernels: ctypes.CDLL, tmp_path: Path, precision: WeightPrecision) -> None:
    """One channel of one head's values: of the row's other numbers nothing tells."""
    loaded = build_random("llama", attention_bias=True, num_hidden_layers=1)
    loaded.network.model.layers[0].self_attn.v_proj.bias.data[11] = torch.nan
    runner = save_for_kernels(kernels, loaded, tmp_path).runner(precision=precision)
    assert not score_text(runner, TEXT).isfinite().any()


@pytest.mark.parametrize(
    ("kind", "variant"),
    [
        ("gpt2", {"activation_function": "relu"}),
        ("gpt2", {"activation_function": "gelu"}),
        ("gpt2", {"scale_attn_by_inverse_layer_idx": True}),
        ("gpt2", {"scale_attn_weights": False}),
        ("gpt2", {"add_cross_attention": True}),
        ("gpt2", {"n_embd": 1040, "n_head": 2}),
        ("llama", {"hidden_act": "gelu"}),
        ("llama", {"rope_parameters": {"rope_type": "dynamic", "rope_theta": 10000.0, "factor": 2.0}}),
        ("llama", {"head_dim": 6}),
        ("llama", {"head_dim": 260}),
        ("gemma", {}),
        ("qwen3", {}),
        ("gpt_neox", {}),
    ],
)
def test_models_that_the_kernels_would_compute_wrongly_are_refused(kind: str, variant: dict[str, object]) -> None:
    with pytest.raises(NoFastRunner):
        check_family(AutoConfig.for_model(kind, **variant))


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_files_of_quantised_weights_are_refused(kind: str) -> None:
    """GPTQ, AWQ and bitsandbytes: their tensors would be read as something else."""
    config = AutoConfig.for_model(kind)
    check_family(config)
    config.quantization_config = {"quant_method": "gptq", "bits": 4}
    with pytest.raises(NoFastRunner, match="keeps the weights quantised"):
        check_family(config)


@pytest.mark.parametrize("kind", ["mistral", "qwen2"])
def test_a_window_that_slides_is_never_reached(kernels: ctypes.CDLL, tmp_path: Path, kind: str) -> None:
    windowed = {"sliding_window": 64, "use_sliding_window": True, "max_window_layers": 0}
    loaded = build_random(kind, **windowed)
    loaded = replace(loaded, max_model_len=longest_text(loaded.config))
    assert loaded.max_model_len == 64
    text = tokens_of(64)
    native = save_for_kernels(kernels, loaded, tmp_path)
    torch.testing.assert_close(
        score_text(native.runner(), text), logits_by_transformers(loaded, text), atol=1e-4, rtol=1e-4
    )
