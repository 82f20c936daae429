"""Small random models with real tokenizers, made in memory: the same weights each time, no network."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from generation.types import LoadedModel

MAX_MODEL_LEN = 512
_WIDE = 0.25
"""Spread of the weights: wide enough that the next token's distribution is far from flat."""


@dataclass(frozen=True, slots=True)
class NetworkModel(LoadedModel):
    """A model with its network at hand, as transformers has it."""

    network: PreTrainedModel


def build_tiny_gpt2() -> NetworkModel:
    """GPT-2's architecture and byte-level tokenizer: 256 bytes and an end-of-text token (id 256), no start token."""
    tokenizer = build_byte_level_tokenizer()
    config = GPT2Config(
        vocab_size=len(tokenizer),
        n_positions=MAX_MODEL_LEN,
        n_embd=32,
        n_layer=2,
        n_head=2,
        initializer_range=_WIDE,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
    )
    return _load("tiny-gpt2", GPT2LMHeadModel, config, tokenizer)


def build_tiny_llama() -> NetworkModel:
    """Llama's architecture with grouped keys, and a SentencePiece-like tokenizer that falls back to bytes."""
    tokenizer = build_sentencepiece_tokenizer()
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=MAX_MODEL_LEN,
        initializer_range=_WIDE,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        tie_word_embeddings=True,
    )
    return _load("tiny-llama", LlamaForCausalLM, config, tokenizer)


def build_byte_level_tokenizer() -> PreTrainedTokenizerFast:
    """Every byte is a token, as in GPT-2's alphabet; `<|endoftext|>` is id 256."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={sign: index for index, sign in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken("<|endoftext|>", special=True)])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|endoftext|>")


def build_sentencepiece_tokenizer() -> PreTrainedTokenizerFast:
    """Llama 2's pipeline in small: `▁` for spaces, a space put before the text, unknown characters as bytes."""
    pieces = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁", "▁a", "a", "b", "▁b", "é"]
    tokenizer = Tokenizer(
        models.BPE(
            vocab={piece: index for index, piece in enumerate(pieces)},
            merges=[("▁", "a"), ("▁", "b")],
            unk_token="<unk>",
            fuse_unk=True,
            byte_fallback=True,
        )
    )
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    tokenizer.add_special_tokens([AddedToken(piece, special=True) for piece in ("<unk>", "<s>", "</s>")])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>", eos_token="</s>")


def _load(
    name: str,
    architecture: type[PreTrainedModel],
    config: GPT2Config | LlamaConfig,
    tokenizer: PreTrainedTokenizerFast,
) -> NetworkModel:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(20)
        network = architecture(config).eval()
    ends = frozenset({tokenizer.eos_token_id})
    return NetworkModel(name, config, tokenizer, MAX_MODEL_LEN, ends, network)
