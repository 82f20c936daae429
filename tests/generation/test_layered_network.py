"""A network whose weights come and go computes what it computes as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, PreTrainedModel

from generation.layered_network import open_layered
from tests.fakes.random_models import build_random, logits_by_transformers, tokens_of

KINDS = {
    "gpt2": ("gpt2", {}),
    "gpt2, own head": ("gpt2", {"tie_word_embeddings": False}),
    "llama": ("llama", {}),
    "llama, tied": ("llama", {"tie_word_embeddings": True, "attention_bias": True, "mlp_bias": True}),
    "mistral": ("mistral", {"sliding_window": None}),
    "qwen2": ("qwen2", {}),
}
TEXT = tokens_of(40)


@torch.inference_mode()
def logits_of(network: PreTrainedModel) -> torch.Tensor:
    return network(torch.tensor([TEXT])).logits[0]


def loaded_bytes(network: PreTrainedModel) -> int:
    return sum(each.nbytes for each in network.parameters() if not each.is_meta)


@pytest.mark.parametrize("name", KINDS)
def test_it_computes_what_the_whole_network_computes(tmp_path: Path, name: str) -> None:
    kind, sizes = KINDS[name]
    loaded = build_random(kind, **sizes)
    loaded.network.save_pretrained(tmp_path)
    network = open_layered(tmp_path)
    for _ in range(2):
        assert torch.equal(logits_of(network), logits_by_transformers(loaded, TEXT))


def test_never_more_than_one_part_is_in_memory(tmp_path: Path) -> None:
    loaded = build_random("llama")
    loaded.network.save_pretrained(tmp_path)
    network = open_layered(tmp_path)
    seen: list[int] = []
    for module in network.modules():
        module.register_forward_hook(lambda *_: seen.append(loaded_bytes(network)), prepend=True)
    logits_of(network)
    assert 0 < max(seen) <= max(each.nbytes for each in loaded.network.parameters())
    assert loaded_bytes(network) == 0


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_as_files_have_it(tmp_path: Path, kind: str) -> None:
    """In half precision, in several files, without the model's own prefix."""
    network = build_random(kind).network.half()
    prefix = network.base_model_prefix + "."
    network.save_pretrained(tmp_path, max_shard_size="20KB")
    expected = logits_of(AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32))
    assert torch.equal(logits_of(open_layered(tmp_path)), expected)
    whole: dict[str, torch.Tensor] = {}
    for path in tmp_path.glob("*.safetensors"):
        whole |= load_file(path)
        path.unlink()
    (tmp_path / "model.safetensors.index.json").unlink()
    save_file({name.removeprefix(prefix): each for name, each in whole.items()}, tmp_path / "model.safetensors")
    assert torch.equal(logits_of(open_layered(tmp_path)), expected)


def test_a_weight_that_is_missing_is_named(tmp_path: Path) -> None:
    build_random("llama").network.save_pretrained(tmp_path)
    stored = load_file(tmp_path / "model.safetensors")
    del stored["model.layers.1.mlp.up_proj.weight"]
    save_file(stored, tmp_path / "model.safetensors")
    with pytest.raises(KeyError, match=r"lack layers\.1\.mlp\.up_proj\.weight"):
        logits_of(open_layered(tmp_path))
