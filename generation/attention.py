"""Attention whose result for one row does not depend on the other rows of the batch.

torch's fused CPU kernel gives other last bits depending on the thread that happens to compute a head, hence on the
row's place in the batch (measured in docs/decisions/reproducible-sampling.md). Plain matrix products do not.
"""

from __future__ import annotations

import torch
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

NAME = "inkling"
_FUSED_ONLY = ("position_bias", "softcap", "s_aux", "cache")
"""Extras of some model families that the plain products below do not know."""


def use_invariant_attention(model: PreTrainedModel) -> None:
    """Swap the fused kernel for `attend` in a model that uses it; any other choice of attention stays."""
    if model.config._attn_implementation != "sdpa":
        return
    AttentionInterface.register(NAME, attend)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    model.set_attn_implementation(NAME)


def attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    **extras: object,
) -> tuple[torch.Tensor, None]:
    """One query position per row by plain products; chunks of a prompt, always computed alone, by the fused kernel."""
    shared_mask = attention_mask is None or attention_mask.shape[1] == 1
    if query.shape[2] == 1 and shared_mask and not any(extras.get(name) is not None for name in _FUSED_ONLY):
        return _attend_one_position(query, key, value, attention_mask, scaling), None
    fused: tuple[torch.Tensor, None] = sdpa_attention_forward(
        module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **extras
    )
    return fused


def _attend_one_position(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None,
) -> torch.Tensor:
    rows, heads, _, size = query.shape
    groups = key.shape[1]
    # The query heads that share a key head stand where its query positions would: no copy of keys and values.
    packed = query.reshape(rows, groups, heads // groups, size) * (size**-0.5 if scaling is None else scaling)
    scores = torch.matmul(packed, key.transpose(2, 3))
    if attention_mask is not None:
        scores = scores.masked_fill(~attention_mask, -torch.inf)
    weights = torch.softmax(scores, dim=-1, dtype=torch.float32).to(value.dtype)
    return torch.matmul(weights, value).reshape(rows, 1, heads, value.shape[-1])
