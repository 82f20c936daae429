"""GPT-2 as transformers saves it, written as GGUF in fp32. (llama.cpp's own converter is not in its package.)"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from safetensors.numpy import load_file

_NAMES: Mapping[str, str] = {
    "wte": "token_embd",
    "wpe": "position_embd",
    "ln_f": "output_norm",
    "ln_1": "attn_norm",
    "ln_2": "ffn_norm",
    "attn.c_attn": "attn_qkv",
    "attn.c_proj": "attn_output",
    "mlp.c_fc": "ffn_up",
    "mlp.c_proj": "ffn_down",
}
_LAYER = re.compile(r"h\.(\d+)\.(.+)")


def write_gpt2_gguf(folder: Path, target: Path) -> None:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    writer = gguf.GGUFWriter(target, "gpt2")
    _add_shape(writer, config)
    _add_tokenizer(writer, json.loads((folder / "tokenizer.json").read_text(encoding="utf-8")), config)
    for name, tensor in load_file(folder / "model.safetensors").items():
        if renamed := _rename(name.removeprefix("transformer.")):
            # Its layers multiply from the other side than everyone else's.
            turned = tensor.T if re.search(r"\.c_\w+\.weight$", name) else tensor
            writer.add_tensor(renamed, np.ascontiguousarray(turned, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _rename(name: str) -> str | None:
    """None for what is no weight, such as the mask, and for the head, which is the embedding again."""
    stem, _, kind = name.rpartition(".")
    if found := _LAYER.fullmatch(stem):
        known = _NAMES.get(found[2])
        return known and f"blk.{found[1]}.{known}.{kind}"
    known = _NAMES.get(stem)
    return known and f"{known}.{kind}"


def _add_shape(writer: gguf.GGUFWriter, config: Mapping[str, Any]) -> None:
    writer.add_context_length(config["n_positions"])
    writer.add_embedding_length(config["n_embd"])
    writer.add_feed_forward_length(4 * config["n_embd"])
    writer.add_block_count(config["n_layer"])
    writer.add_head_count(config["n_head"])
    writer.add_layer_norm_eps(config["layer_norm_epsilon"])
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)


def _add_tokenizer(writer: gguf.GGUFWriter, tokenizer: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    vocabulary = tokenizer["model"]["vocab"]
    special = {added["id"] for added in tokenizer["added_tokens"]}
    kinds = gguf.TokenType
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(sorted(vocabulary, key=vocabulary.__getitem__))
    writer.add_token_types([kinds.CONTROL if token in special else kinds.NORMAL for token in range(len(vocabulary))])
    writer.add_token_merges(
        [merge if isinstance(merge, str) else " ".join(merge) for merge in tokenizer["model"]["merges"]]
    )
    writer.add_bos_token_id(config["bos_token_id"])
    writer.add_eos_token_id(config["eos_token_id"])
