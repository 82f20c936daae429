"""A `Runner` over transformers' network, in fp32: prompts one at a time in fixed chunks, rows all in one step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from transformers.cache_utils import DynamicCache

from generation.remembered_prompts import ReadPrompt, RememberedPrompts, count_bytes
from generation.row_counts import choose_row_counts
from generation.runner import PromptPass
from generation.sampler import Sampler, TorchSampler
from generation.torch_passes import TorchPasses
from generation.types import EngineLimits

if TYPE_CHECKING:
    from transformers import PreTrainedModel

CHUNK = 256
"""Prompts are cut at the same places always: other cuts, other bits."""


@dataclass(slots=True)
class TorchPrompt:
    """What a `PromptPass` holds here."""

    cache: DynamicCache
    remembers: bool
    logits: torch.Tensor | None = None
    """Those after the last token, when they are remembered."""


@dataclass(frozen=True, slots=True)
class _RowInUse:
    token_ids: tuple[int, ...]
    """Of its prompt."""
    positions: int
    """That it may grow to."""


class TorchRunner:
    """`limits.cache_bytes` bounds the rows; what they leave of it holds prompts that may be asked for again.

    Construction tries which batch sizes keep rows independent, which takes some forward passes.
    """

    def __init__(self, network: PreTrainedModel, max_model_len: int, limits: EngineLimits) -> None:
        self._passes = TorchPasses(network, max_model_len)
        self._sampler = TorchSampler()
        self._budget = limits.cache_bytes
        self._remembered = RememberedPrompts()
        self._open: dict[int, PromptPass] = {}
        self._in_use: dict[int, _RowInUse] = {}
        with torch.inference_mode():
            self._row_counts = choose_row_counts(self._passes, limits.max_running)
        rows = self._passes.rows
        self._position_bytes = rows.nbytes // (self._row_counts[-1] * rows.capacity)
        rows.wipe()

    @property
    def path(self) -> str:
        return "torch fp32"

    @property
    def sampler(self) -> Sampler:
        return self._sampler

    @property
    def vocabulary(self) -> int:
        return self._passes.vocabulary

    @property
    def chunk(self) -> int:
        return CHUNK

    @property
    def prompts_at_once(self) -> int:
        return 1

    @property
    def scored_at_once(self) -> int:
        return CHUNK

    @property
    def scoring_reads(self) -> bool:
        return False

    @property
    def row_counts(self) -> tuple[int, ...]:
        """The batch sizes in use; each gives a row the same bits."""
        return self._row_counts

    @property
    def cache_bytes(self) -> int:
        being_read = sum(
            count_bytes(each.cache) for each in map(_memory_of, self._open.values()) if each.logits is None
        )
        return self._passes.rows.nbytes + self._remembered.nbytes + being_read

    def room_for(self, positions: int, prompt: PromptPass | None = None) -> bool:
        """All rows have the width of the longest, and come in the batch sizes that agree."""
        if prompt is not None and prompt.promised:
            return True
        promised = [each.promised for each in self._open.values() if each.promised]
        running, longest = len(self._in_use) + len(promised), max(self._longest(), *promised, 0)
        present = self._rows_bytes(running, longest)
        return not running or self._rows_bytes(running + 1, max(positions, longest)) <= max(self._budget, present)

    def open(self, token_ids: Sequence[int], positions: int = 0, *, remembered: bool = True) -> PromptPass:
        ids = tuple(token_ids)
        found = self._remembered.find(ids) if remembered else None
        if found is None:
            prompt = PromptPass(ids, TorchPrompt(DynamicCache(), remembered))
        else:
            # Its last token is left to run, as always; running it is looking up what came of it.
            prompt = PromptPass(ids, TorchPrompt(found.cache, remembered, found.logits), len(ids) - 1)
        prompt.promised = positions
        self._open[id(prompt)] = prompt
        return prompt

    @torch.inference_mode()
    def prefill(self, prompts: Sequence[PromptPass]) -> torch.Tensor:
        return torch.stack([self._read_on(prompt) for prompt in prompts])

    def _read_on(self, prompt: PromptPass) -> torch.Tensor:
        memory = _memory_of(prompt)
        if memory.logits is not None:
            prompt.position = len(prompt.token_ids)
            return memory.logits
        logits = self._run_chunk(prompt, every=False)[-1]
        if prompt.finished and memory.remembers:
            self._remember(prompt.token_ids, ReadPrompt(memory.cache, logits.clone()))
        return logits

    @torch.inference_mode()
    def score(self, prompts: Sequence[PromptPass]) -> torch.Tensor:
        chunks = [self._run_chunk(prompt, every=True) for prompt in prompts]
        return chunks[0] if len(chunks) == 1 else torch.cat(chunks)

    @torch.inference_mode()
    def adopt(self, row: int, prompt: PromptPass, positions: int) -> None:
        rows = self._passes.rows
        if not self._in_use and rows.capacity > rows.fresh_capacity(positions):
            rows.wipe()
        rows.adopt(row, _memory_of(prompt).cache)
        self._in_use[row] = _RowInUse(prompt.token_ids, positions)
        prompt.promised = 0
        self._make_room()

    def close(self, prompt: PromptPass) -> None:
        self._open.pop(id(prompt), None)
        prompt.memory = None

    @torch.inference_mode()
    def decode(self, token_ids: Sequence[int], positions: Sequence[int]) -> torch.Tensor:
        return self._passes.decode(token_ids, positions, self._padded(len(token_ids)))

    @torch.inference_mode()
    def release(self, row: int, *, broken: bool = False) -> None:
        used = self._in_use.pop(row)
        if broken:
            # Zeros: what follows a row's end is masked, but no number times zero is still none.
            self._passes.rows.clear(row)
            self._remembered.forget(used.token_ids)
        if not self._in_use and self._passes.rows.nbytes > self._budget:
            self._passes.rows.wipe()

    @torch.inference_mode()
    def move(self, source: int, target: int, length: int) -> None:
        self._passes.rows.move(source, target, length)
        self._in_use[target] = self._in_use.pop(source)

    def wipe(self) -> None:
        self._passes.rows.wipe()
        self._in_use.clear()
        self._open.clear()
        self._remembered.shrink(0)

    def _run_chunk(self, prompt: PromptPass, *, every: bool) -> torch.Tensor:
        start = prompt.position
        tokens = prompt.token_ids[start : start + CHUNK]
        logits = self._passes.run_chunk(tokens, _memory_of(prompt).cache, start, every=every)
        prompt.position = start + len(tokens)
        return logits

    def _remember(self, token_ids: tuple[int, ...], prompt: ReadPrompt) -> None:
        self._remembered.keep(token_ids, prompt)
        self._make_room()

    def _make_room(self) -> None:
        """Remembered prompts get what the rows leave, also when these will have grown as far as they may."""
        self._remembered.shrink(max(0, self._budget - self._rows_bytes(len(self._in_use), self._longest())))

    def _rows_bytes(self, rows: int, positions: int) -> int:
        return self._padded(rows) * self._passes.rows.capacity_for(positions) * self._position_bytes if rows else 0

    def _longest(self) -> int:
        return max((row.positions for row in self._in_use.values()), default=0)

    def _padded(self, rows: int) -> int:
        return next(count for count in self._row_counts if count >= rows)


def _memory_of(prompt: PromptPass) -> TorchPrompt:
    if not isinstance(prompt.memory, TorchPrompt):
        raise TypeError("this prompt was closed, or is another runner's")
    return prompt.memory
