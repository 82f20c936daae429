"""Random networks of many families and sizes, small enough to be made for each test."""

from __future__ import annotations

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from tests.fakes.tiny_models import NetworkModel, build_byte_level_tokenizer

VOCABULARY = 257
GPT2 = {"n_embd": 32, "n_layer": 2, "n_head": 4, "vocab_size": VOCABULARY, "n_positions": 512}
LLAMA = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": VOCABULARY,
    "max_position_embeddings": 512,
}


def build_random(kind: str, positions: int = 256, spread: float = 0.2, **sizes: object) -> NetworkModel:
    """`sizes` change those above. Norms and biases are random, too: transformers begins them as ones and zeros."""
    plain = GPT2 if kind == "gpt2" else LLAMA
    ends = {"bos_token_id": None, "eos_token_id": VOCABULARY - 1, "pad_token_id": None}
    config = AutoConfig.for_model(kind, **{**plain, "initializer_range": spread, **ends, **sizes})
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(3)
        network = AutoModelForCausalLM.from_config(config).eval()
        for parameter in network.parameters():
            if parameter.dim() == 1:
                parameter.add_(torch.randn_like(parameter), alpha=0.1)
    return NetworkModel(f"random-{kind}", config, build_byte_level_tokenizer(), positions, frozenset({256}), network)


def tokens_of(length: int, seed: int = 0) -> list[int]:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(VOCABULARY - 1, (length,), generator=generator).tolist()


@torch.inference_mode()
def logits_by_transformers(loaded: NetworkModel, token_ids: list[int]) -> torch.Tensor:
    """[token, vocabulary]."""
    return loaded.network(torch.tensor([token_ids])).logits[0].float()
