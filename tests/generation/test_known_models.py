"""What transformers said of a model, read again: the same in all that counts, and without transformers' weight."""

from __future__ import annotations

import ctypes
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import AutoConfig

from generation.known_models import KnownModels, ask_transformers
from generation.models import load_folder
from generation.self_test import score_text
from tests.fakes.native_runners import save_for_kernels
from tests.fakes.random_models import build_random, tokens_of
from tests.fakes.saved_models import save_tiny_gpt2
from tests.fakes.tiny_models import build_byte_level_tokenizer, build_sentencepiece_tokenizer

ROPE = {"rope_theta": 10000.0, "factor": 4.0}
LLAMA3 = {"low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 64}
KINDS = {
    "gpt2": ("gpt2", {}),
    "llama": ("llama", {"tie_word_embeddings": True}),
    "llama with biases": ("llama", {"attention_bias": True, "mlp_bias": True, "head_dim": 16}),
    "llama3": ("llama", {"rope_parameters": {"rope_type": "llama3", **ROPE, **LLAMA3}}),
    "linear": ("llama", {"rope_parameters": {"rope_type": "linear", **ROPE}}),
    "yarn": ("llama", {"rope_parameters": {"rope_type": "yarn", **ROPE}}),
    "mistral": ("mistral", {"sliding_window": 100}),
    "qwen2": ("qwen2", {}),
}
OTHERS = ("gpt_neox", "opt", "qwen3", "bloom", "gptj", "gpt_neo", "phi", "gemma", "mpt", "rwkv", "falcon", "codegen")


@pytest.fixture
def known(tmp_path: Path) -> KnownModels:
    return KnownModels(tmp_path / "known")


@pytest.mark.parametrize("name", KINDS)
def test_the_kernels_compute_the_same(kernels: ctypes.CDLL, known: KnownModels, tmp_path: Path, name: str) -> None:
    kind, sizes = KINDS[name]
    loaded = build_random(kind, **sizes)
    native = save_for_kernels(kernels, loaded, tmp_path / "model")
    loaded.tokenizer.save_pretrained(native.folder)
    first, second = (load_folder("it", native.folder, known.read).model for _ in range(2))
    assert type(first.config) is not type(second.config), "it was not read again"
    assert (second.max_model_len, second.eos_token_ids) == (first.max_model_len, first.eos_token_ids)
    text = tokens_of(90)
    scored = [score_text(replace(native, loaded=each).runner(), text) for each in (first, second)]
    assert torch.equal(*scored)


@pytest.mark.parametrize("kind", OTHERS)
def test_other_kinds_are_as_long_and_end_as_they_did(known: KnownModels, tmp_path: Path, kind: str) -> None:
    AutoConfig.for_model(kind, architectures=["GPT2LMHeadModel"]).save_pretrained(tmp_path)
    build_byte_level_tokenizer().save_pretrained(tmp_path)
    (tmp_path / "model.safetensors").touch()
    asked = load_folder("it", tmp_path, ask_transformers).model
    for _ in range(2):
        told = load_folder("it", tmp_path, known.read).model
        assert (told.max_model_len, told.eos_token_ids) == (asked.max_model_len, asked.eos_token_ids)
        assert told.config.model_type == kind


@pytest.mark.parametrize("build", [build_byte_level_tokenizer, build_sentencepiece_tokenizer])
def test_the_tokenizer_is_the_same(known: KnownModels, tmp_path: Path, build) -> None:
    save_tiny_gpt2(tmp_path)
    build().save_pretrained(tmp_path)
    (_, first), (_, second) = known.read(tmp_path), known.read(tmp_path)
    assert type(first) is type(second)
    assert first.backend_tokenizer.to_str() == second.backend_tokenizer.to_str()
    assert first.special_tokens_map == second.special_tokens_map


READ = """
import sys
from pathlib import Path
from generation.known_models import KnownModels
KnownModels(Path(sys.argv[1])).read(Path(sys.argv[2]))
print("torch._dynamo" in sys.modules, "transformers.activations" in sys.modules)
"""


def test_reading_again_imports_little(tmp_path: Path) -> None:
    AutoConfig.for_model("llama").save_pretrained(tmp_path / "model")
    build_byte_level_tokenizer().save_pretrained(tmp_path / "model")
    command = [sys.executable, "-c", READ, str(tmp_path / "known"), str(tmp_path / "model")]
    first, again = (subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(2))
    assert first.split() == ["True", "True"], "there is nothing to save any more"
    assert again.split() == ["False", "False"]


def test_changed_files_are_looked_at_anew(known: KnownModels, tmp_path: Path) -> None:
    save_tiny_gpt2(tmp_path)
    known.read(tmp_path)
    facts = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**facts, "n_positions": 99}))
    for _ in range(2):
        assert known.read(tmp_path)[0].n_positions == 99


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"config": {}}', '{"config": {}, "tokenizer": "Nope"}', '{"config": 5, "tokenizer": 3}']
)
def test_what_is_kept_and_unreadable_is_written_anew(known: KnownModels, tmp_path: Path, content: str) -> None:
    save_tiny_gpt2(tmp_path / "model")
    known.read(tmp_path / "model")
    (kept,) = (tmp_path / "known").iterdir()
    whole = kept.read_text()
    kept.write_text(content)
    assert known.read(tmp_path / "model")[0].n_positions == 512
    assert kept.read_text() == whole


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    save_tiny_gpt2(tmp_path / "model")
    (tmp_path / "known").touch()
    for _ in range(2):
        assert KnownModels(tmp_path / "known").read(tmp_path / "model")[0].n_positions == 512
