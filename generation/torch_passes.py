"""Forward passes of a transformers network: a prompt's chunk, alone, and a step of all rows."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from transformers.cache_utils import DynamicCache

from generation.attention import use_invariant_attention
from generation.kv_cache import SlotCache

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class TorchPasses:
    """Owns the network and the cache of its rows."""

    def __init__(self, network: PreTrainedModel, max_model_len: int) -> None:
        self._network = network.eval()
        use_invariant_attention(self._network)
        self._takes_positions = "position_ids" in inspect.signature(self._network.forward).parameters
        self.vocabulary = int(self._network.get_output_embeddings().weight.shape[0])
        self.max_model_len = max_model_len
        self.rows = SlotCache(max_model_len)

    def run_chunk(self, token_ids: Sequence[int], cache: DynamicCache, start: int, *, every: bool) -> torch.Tensor:
        """Put tokens behind the `start` ones in the cache; logits [token, vocabulary] of `every` one, or the last."""
        end = start + len(token_ids)
        logits = self._forward(
            torch.tensor([token_ids]),
            cache,
            torch.ones((1, end), dtype=torch.long),
            torch.arange(start, end)[None],
            logits_to_keep=0 if every else 1,
        )
        return logits[0].float()

    def decode(self, token_ids: Sequence[int], positions: Sequence[int], rows: int) -> torch.Tensor:
        """A step of the first rows, padded to `rows` with idle ones."""
        padding = [0] * (rows - len(token_ids))
        places = torch.tensor([*positions, *padding])
        width = self.rows.begin_step(places)
        logits = self._forward(
            torch.tensor([*token_ids, *padding])[:, None],
            self.rows,
            (torch.arange(width) <= places[:, None]).long(),
            places[:, None],
        )
        return logits[: len(token_ids), -1].float()

    def _forward(
        self,
        input_ids: torch.Tensor,
        cache: DynamicCache | SlotCache,
        attention_mask: torch.Tensor,
        positions: torch.Tensor,
        **options: int,
    ) -> torch.Tensor:
        if self._takes_positions:
            options |= {"position_ids": positions}  # type: ignore[dict-item]
        output = self._network(
            input_ids=input_ids, attention_mask=attention_mask, past_key_values=cache, use_cache=True, **options
        )
        logits: torch.Tensor = output.logits
        return logits
