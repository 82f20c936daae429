"""transformers' network for one pass over a short text: each part's weights are in memory only while it computes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch
from accelerate import init_empty_weights
from transformers import AutoConfig, AutoModelForCausalLM

from generation.known_models import LOCAL_ONLY
from generation.stored_weights import StoredWeights

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def open_layered(folder: Path) -> PreTrainedModel:
    """Computes in fp32 what the network read as a whole computes, where each parameter is of the module that uses it.

    Raises what transformers and `StoredWeights` raise; a pass raises KeyError when the files lack a weight.
    """
    config = AutoConfig.from_pretrained(folder, **LOCAL_ONLY)
    with init_empty_weights():
        network = AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
    prefix = f"{network.base_model_prefix}."
    weights = StoredWeights(folder, (prefix,))
    for path, module in network.named_modules():
        for name, parameter in module.named_parameters(recurse=False):
            stored_as = f"{path}.{name}".removeprefix(prefix)
            _load_when_used(module, name, parameter, weights, (stored_as, *_other_names(network, module, prefix)))
    return network


def _other_names(network: PreTrainedModel, module: torch.nn.Module, prefix: str) -> tuple[str, ...]:
    """Where embedding and head are one, files have it by either name."""
    ends = (network.get_input_embeddings(), network.get_output_embeddings())
    if module not in ends or not network.config.tie_word_embeddings:
        return ()
    return tuple(f"{path}.weight".removeprefix(prefix) for path, each in network.named_modules() if each in ends)


def _load_when_used(
    module: torch.nn.Module, name: str, empty: torch.nn.Parameter, weights: StoredWeights, stored_as: tuple[str, ...]
) -> None:
    def load(*_: object) -> None:
        found = (weights.find(each) for each in stored_as)
        tensor = next((each for each in found if each is not None), None)
        if tensor is None:
            raise KeyError(f"the weights lack {stored_as[0]}")
        setattr(module, name, torch.nn.Parameter(tensor.float(), requires_grad=False))

    def drop(*_: object) -> None:
        setattr(module, name, empty)

    module.register_forward_pre_hook(load)
    module.register_forward_hook(drop)
