"""Tiny models on disk, as transformers and llama.cpp save them."""

from __future__ import annotations

from pathlib import Path

import gguf
import torch

from tests.fakes.tiny_models import build_byte_level_tokenizer, build_tiny_gpt2

MERGED = "!!"
GGUF_POSITIONS = 1024
"""transformers reads every GPT-2 in GGUF as if it had so many."""


def save_tiny_gpt2(folder: Path) -> Path:
    loaded = build_tiny_gpt2()
    loaded.network.save_pretrained(folder)
    loaded.tokenizer.save_pretrained(folder)
    return folder


def save_tiny_gguf(path: Path) -> Path:
    """Tiny GPT-2's weights and tokens in GGUF, in full precision, and one token more: the format wants a merge."""
    loaded = build_tiny_gpt2()
    config = loaded.config
    writer = gguf.GGUFWriter(path, "gpt2")
    writer.add_name("tiny")
    writer.add_context_length(GGUF_POSITIONS)
    writer.add_embedding_length(config.n_embd)
    writer.add_block_count(config.n_layer)
    writer.add_feed_forward_length(4 * config.n_embd)
    writer.add_head_count(config.n_head)
    writer.add_layer_norm_eps(config.layer_norm_epsilon)
    _add_tokens(writer)
    for name, values in loaded.network.state_dict().items():
        renamed = _gguf_name(name)
        if renamed is not None:
            # GGUF keeps linear layers as torch does, GPT-2's own are transposed.
            values = values.T.contiguous() if _is_transposed(name) else values
            rows = {257: 258, config.n_positions: GGUF_POSITIONS}.get(values.shape[0], values.shape[0])
            if values.dim() == 2:
                values = torch.nn.functional.pad(values, (0, 0, 0, rows - values.shape[0]))
            writer.add_tensor(renamed, values.numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add_tokens(writer: gguf.GGUFWriter) -> None:
    tokenizer = build_byte_level_tokenizer()
    tokens = [*tokenizer.convert_ids_to_tokens(list(range(len(tokenizer)))), MERGED]
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.NORMAL] * 256 + [gguf.TokenType.CONTROL, gguf.TokenType.NORMAL])
    writer.add_token_merges([" ".join(MERGED)])
    writer.add_bos_token_id(tokenizer.eos_token_id)
    writer.add_eos_token_id(tokenizer.eos_token_id)


_NAMES = {
    "transformer.wte.weight": "token_embd.weight",
    "transformer.wpe.weight": "position_embd.weight",
    "transformer.ln_f.weight": "output_norm.weight",
    "transformer.ln_f.bias": "output_norm.bias",
    "lm_head.weight": "output.weight",
}
_PARTS = {
    "ln_1": "attn_norm",
    "attn.c_attn": "attn_qkv",
    "attn.c_proj": "attn_output",
    "ln_2": "ffn_norm",
    "mlp.c_fc": "ffn_up",
    "mlp.c_proj": "ffn_down",
}


def _gguf_name(name: str) -> str | None:
    if name in _NAMES:
        return _NAMES[name]
    _, _, layer, part = name.split(".", 3)
    stem, kind = part.rsplit(".", 1)
    return f"blk.{layer}.{_PARTS[stem]}.{kind}" if stem in _PARTS else None


def _is_transposed(name: str) -> bool:
    return name.endswith("weight") and (".attn.c_" in name or ".mlp.c_" in name)
