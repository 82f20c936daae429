"""GPT-2 and Llama, and what is built like Llama, as the native kernels take them: sizes, names of tensors, angles."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from generation.fast_path import NoFastRunner
from generation.native.network import NativeNetwork, NetworkShape, WeightPrecision
from generation.stored_weights import StoredRows, StoredWeights
from generation.types import LoadedModel

if TYPE_CHECKING:
    from transformers import PretrainedConfig

_LLAMAS = ("llama", "mistral", "qwen2")
_ROTATIONS = ("default", "linear", "llama3", "yarn")
"""Ways to stretch positions whose angles don't depend on the text."""
_WIDEST_HEAD, _HEAD_STEP = 256, 4
"""MOST_CHANNELS and the four sums of score_block in attention.h."""
_GELUS = ("gelu_new", "gelu_pytorch_tanh")


class Embedding:
    """What a token begins as, looked up without torch, which would wake threads of its own for it."""

    def __init__(self, tokens: StoredRows, places: torch.Tensor | None, shape: NetworkShape) -> None:
        """`tokens` are [vocabulary, hidden]; `places` [position, hidden] are added in GPT-2.

        Raises ValueError when they have other sizes than the shape.
        """
        if tokens.shape[0] < shape.vocabulary or tokens.shape[1] != shape.hidden:
            raise ValueError(f"the embedding is {list(tokens.shape)} where the model has {shape.vocabulary} tokens")
        if places is not None and places.shape != (shape.positions, shape.hidden):
            raise ValueError(f"the positions' embedding is {list(places.shape)} where the model has {shape.positions}")
        self._tokens = tokens
        self._places = None if places is None else places.float().numpy()
        self.positions = shape.positions
        """How many a text may have."""
        self.vocabulary = shape.vocabulary
        """How many tokens the model gives a probability."""

    def look_up(self, token_ids: Sequence[int], positions: NDArray[np.int32]) -> NDArray[np.float32]:
        """[token, hidden]."""
        rows = self._tokens.read(token_ids)
        return rows if self._places is None else rows + self._places[positions]


@dataclass(frozen=True, slots=True)
class NativePlan:
    """How a network is made."""

    model: LoadedModel
    folder: Path
    most_rows: int
    """In one pass."""
    threads: int


def check_family(config: PretrainedConfig) -> None:
    """Raises NoFastRunner for a model that the kernels would compute wrongly."""
    kind = config.model_type
    if getattr(config, "quantization_config", None):
        raise NoFastRunner("its file keeps the weights quantised, in a way that the kernels don't read")
    if kind == "gpt2":
        plain = config.scale_attn_weights and not config.scale_attn_by_inverse_layer_idx
        if not plain or config.add_cross_attention or config.activation_function not in _GELUS:
            raise NoFastRunner("this variant of GPT-2 has no kernels")
    elif kind not in _LLAMAS:
        raise NoFastRunner(f"models of the kind {kind} have no kernels")
    elif config.hidden_act != "silu" or _rotation(config) not in _ROTATIONS:
        raise NoFastRunner(f"this variant of {kind} has no kernels")
    size = _shape(config, 1).head_size
    if size > _WIDEST_HEAD or size % _HEAD_STEP:
        raise NoFastRunner(f"its attention heads have {size} channels, which the kernels don't take")


def build_network(
    library: ctypes.CDLL, plan: NativePlan, precision: WeightPrecision
) -> tuple[NativeNetwork, Embedding]:
    """Reads and packs the weights. Raises NoFastRunner, MemoryError, and KeyError and ValueError for a file that is not
    the model that its configuration tells of."""
    check_family(plan.model.config)
    shape = _shape(plan.model.config, plan.model.max_model_len)
    network = NativeNetwork(library, shape, precision, plan.most_rows, plan.threads)
    fill = _fill_llama if shape.gated else _fill_gpt2
    return network, fill(network, plan, shape)


def _shape(config: PretrainedConfig, positions: int) -> NetworkShape:
    if config.model_type == "gpt2":
        inner = config.n_inner or 4 * config.n_embd
        heads = (config.n_head, config.n_head, config.n_embd // config.n_head)
        sizes = (config.n_layer, config.n_embd, *heads, inner, config.vocab_size)
        return NetworkShape(*sizes, False, positions, config.layer_norm_epsilon)
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    heads = (config.num_attention_heads, config.num_key_value_heads, size)
    sizes = (config.num_hidden_layers, config.hidden_size, *heads, config.intermediate_size, config.vocab_size)
    return NetworkShape(*sizes, True, positions, config.rms_norm_eps)


def _fill_gpt2(network: NativeNetwork, plan: NativePlan, shape: NetworkShape) -> Embedding:
    """GPT-2 keeps its matrices as [input, output]."""
    weights = StoredWeights(plan.folder, ("transformer.",))
    for layer in range(shape.layers):
        for place, name in enumerate(("attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj")):
            matrix, bias = weights.get(f"h.{layer}.{name}.weight"), weights.get(f"h.{layer}.{name}.bias")
            network.set_layer(layer, place, matrix.t(), bias)
        for place, name in enumerate(("ln_1", "ln_2")):
            network.set_norm(layer, place, *_norm(weights, f"h.{layer}.{name}"))
    network.set_norm(0, 2, *_norm(weights, "ln_f"))
    tokens = _set_head(network, weights, "wte.weight")
    return Embedding(tokens, weights.get("wpe.weight")[: shape.positions].clone(), shape)


def _fill_llama(network: NativeNetwork, plan: NativePlan, shape: NetworkShape) -> Embedding:
    """Which products have biases is the configuration's to say: others that a file has mean nothing."""
    weights, config = StoredWeights(plan.folder, ("model.",)), plan.model.config
    projected = getattr(config, "attention_bias", False)
    around = getattr(config, "mlp_bias", False)
    for layer in range(shape.layers):
        attention, inner = f"layers.{layer}.self_attn", f"layers.{layer}.mlp"
        queries = [f"{attention}.{name}_proj" for name in "qkv"]
        network.set_layer(layer, 0, *_join(weights, queries, biased=projected or config.model_type == "qwen2"))
        network.set_layer(layer, 1, *_join(weights, [f"{attention}.o_proj"], biased=projected))
        network.set_layer(layer, 2, *_join(weights, [f"{inner}.gate_proj", f"{inner}.up_proj"], biased=around))
        network.set_layer(layer, 3, *_join(weights, [f"{inner}.down_proj"], biased=around))
        network.set_norm(layer, 0, weights.get(f"layers.{layer}.input_layernorm.weight"), None)
        network.set_norm(layer, 1, weights.get(f"layers.{layer}.post_attention_layernorm.weight"), None)
    network.set_norm(0, 2, weights.get("norm.weight"), None)
    tokens = _set_head(network, weights, "embed_tokens.weight")
    network.set_angles(*_angles(plan.model.config, shape))
    return Embedding(tokens, None, shape)


def _join(weights: StoredWeights, names: Sequence[str], *, biased: bool) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Matrices, and their biases, one below the other."""
    matrices = [weights.get(f"{name}.weight") for name in names]
    matrix = matrices[0] if len(matrices) == 1 else torch.cat(matrices)
    return matrix, torch.cat([weights.get(f"{name}.bias") for name in names]) if biased else None


def _norm(weights: StoredWeights, name: str) -> tuple[torch.Tensor, torch.Tensor]:
    return weights.get(f"{name}.weight"), weights.get(f"{name}.bias")


def _set_head(network: NativeNetwork, weights: StoredWeights, embedding: str) -> StoredRows:
    """A head of its own, or the embedding's matrix again; where both are one, a file has it by either name.

    Returns the embedding. Raises KeyError.
    """
    head = weights.find("lm_head.weight")
    network.set_layer(0, 4, weights.get(embedding) if head is None else head, None)
    tokens = weights.rows(embedding) or weights.rows("lm_head.weight")
    if tokens is None:
        raise KeyError(f"the weights lack {embedding}")
    return tokens


def _rotation(config: PretrainedConfig) -> str:
    return str((config.rope_parameters or {}).get("rope_type", "default"))


def _angles(config: PretrainedConfig, shape: NetworkShape) -> tuple[torch.Tensor, torch.Tensor]:
    """Cosines and sines [position, channel pair], as transformers computes them (Su et al., RoFormer)."""
    if _rotation(config) == "default":
        exponents = torch.arange(0, shape.head_size, 2, dtype=torch.int64).float() / shape.head_size
        frequencies, factor = 1.0 / (config.rope_parameters["rope_theta"] ** exponents), 1.0
    else:
        from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

        frequencies, factor = ROPE_INIT_FUNCTIONS[_rotation(config)](config, torch.device("cpu"))
    angles = torch.arange(shape.positions).float()[:, None] * frequencies
    return angles.cos() * factor, angles.sin() * factor
