"""The prompts that were read last, so that the same one again costs nothing."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import torch
from transformers.cache_utils import DynamicCache


@dataclass(frozen=True, slots=True)
class ReadPrompt:
    """A prompt after its pass through the model. Nobody writes into it any more."""

    cache: DynamicCache
    logits: torch.Tensor
    """After its last token, [vocabulary]."""

    @property
    def nbytes(self) -> int:
        return count_bytes(self.cache) + self.logits.nbytes


class RememberedPrompts:
    """By their tokens, the least recently used goes first. Only whole prompts: a beginning, cut elsewhere on its way
    through the model, would have other bits."""

    def __init__(self) -> None:
        self._prompts: OrderedDict[tuple[int, ...], ReadPrompt] = OrderedDict()
        self._nbytes = 0

    @property
    def nbytes(self) -> int:
        return self._nbytes

    def find(self, token_ids: tuple[int, ...]) -> ReadPrompt | None:
        prompt = self._prompts.get(token_ids)
        if prompt is not None:
            self._prompts.move_to_end(token_ids)
        return prompt

    def keep(self, token_ids: tuple[int, ...], prompt: ReadPrompt) -> None:
        self.forget(token_ids)
        self._prompts[token_ids] = prompt
        self._nbytes += prompt.nbytes

    def forget(self, token_ids: tuple[int, ...]) -> None:
        prompt = self._prompts.pop(token_ids, None)
        if prompt is not None:
            self._nbytes -= prompt.nbytes

    def shrink(self, nbytes: int) -> None:
        """Forget until no more than so much memory is held."""
        while self._prompts and self._nbytes > nbytes:
            self.forget(next(iter(self._prompts)))


def count_bytes(cache: DynamicCache) -> int:
    """Of all its keys and values."""
    return sum(layer.keys.nbytes + layer.values.nbytes for layer in cache.layers if layer.is_initialized)
