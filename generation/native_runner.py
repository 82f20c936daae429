"""A `Runner` over the native kernels: rows of any sequences in one pass, keys and values in blocks they may share.

Each row is computed by itself, in an order that nothing else changes: how a prompt is cut and what is remembered of it
decides how long it takes, and no bit of the result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from generation.block_pool import BEGINNING, BlockPool, name_block
from generation.native.network import BLOCK, NativeNetwork, Rows
from generation.native_weights import Embedding
from generation.runner import PromptPass
from generation.sampler import Sampler
from generation.types import EngineLimits

CHUNK = 512
"""Prompt tokens in one pass while nothing else runs."""
_SHARED_CHUNK = 64
"""While others run: they wait for so many."""


@dataclass(slots=True)
class _Text:
    """A sequence's tokens that went through the model, and the blocks that hold their keys and values."""

    blocks: list[int]
    tokens: list[int]
    """Of the last block, when it isn't full."""
    name: bytes
    """Of the full blocks."""
    length: int
    positions: int = 0
    """That it may grow to."""

    @property
    def growth(self) -> int:
        """How many blocks it may still take."""
        return max(0, -(-self.positions // BLOCK) - len(self.blocks))


class NativeRunner:
    """`limits.cache_bytes` bounds what runs and what is remembered; only a text that runs alone may need more."""

    def __init__(
        self, network: NativeNetwork, embedding: Embedding, sampler: Sampler, limits: EngineLimits, path: str
    ) -> None:
        self._network = network
        self._embedding = embedding
        self._sampler = sampler
        self._path = path
        # While its prompt is open a text has one block more: a row's copy of the prompt's last one.
        longest = -(-embedding.positions // BLOCK) + 1
        budget = limits.cache_bytes // network.block_bytes
        size = max(budget, longest)
        network.set_cache(size)
        self._pool = BlockPool(size, budget)
        self._tables = np.zeros((limits.max_running, longest), dtype=np.int32)
        self._rows: dict[int, _Text] = {}
        self._open: dict[int, _Text] = {}
        self._all_rows = np.arange(limits.max_running, dtype=np.int32)

    @property
    def path(self) -> str:
        return self._path

    @property
    def sampler(self) -> Sampler:
        return self._sampler

    @property
    def vocabulary(self) -> int:
        return self._embedding.vocabulary

    @property
    def chunk(self) -> int:
        return _SHARED_CHUNK if self._rows else CHUNK

    @property
    def cache_bytes(self) -> int:
        return self._pool.in_use * self._network.block_bytes

    def room_for(self, positions: int, prompt: PromptPass | None = None) -> bool:
        if not self._rows:
            return True
        promised = sum(text.growth for text in self._rows.values())
        shared = 0 if prompt is None else len(_text_of(prompt).blocks)
        return -(-positions // BLOCK) + 1 <= self._pool.available + shared - promised

    def open(self, token_ids: Sequence[int], *, remembered: bool = True) -> PromptPass:
        ids = tuple(token_ids)
        text = self._recall(ids) if remembered else _Text([], [], BEGINNING, 0)
        prompt = PromptPass(ids, text, text.length)
        self._open[id(text)] = text
        return prompt

    def prefill(self, prompt: PromptPass) -> torch.Tensor:
        return self._run_chunk(prompt, self.chunk, every=False)[0]

    def score(self, prompt: PromptPass) -> torch.Tensor:
        # Fewer at once: these logits are many.
        return self._run_chunk(prompt, _SHARED_CHUNK, every=True)

    def adopt(self, row: int, prompt: PromptPass, positions: int) -> None:
        source = _text_of(prompt)
        blocks = source.blocks[: source.length // BLOCK]
        for block in blocks:
            self._pool.hold(block)
        text = _Text(list(blocks), list(source.tokens), source.name, source.length, positions)
        if source.length % BLOCK:
            try:
                text.blocks.append(self._pool.take())
            except MemoryError:
                self._give_back(text)
                raise
            self._network.copy_block(source.blocks[-1], text.blocks[-1])
        self._tables[row, : len(text.blocks)] = text.blocks
        self._rows[row] = text

    def close(self, prompt: PromptPass) -> None:
        text, prompt.memory = prompt.memory, None
        if isinstance(text, _Text) and self._open.pop(id(text), None) is not None:
            self._give_back(text)

    def decode(self, token_ids: Sequence[int], positions: Sequence[int]) -> torch.Tensor:
        count = len(token_ids)
        for row in range(count):
            text = self._rows[row]
            if text.length == len(text.blocks) * BLOCK:
                text.blocks.append(self._pool.take())
                self._tables[row, len(text.blocks) - 1] = text.blocks[-1]
        places = np.array(positions, dtype=np.int32)
        outputs = self._all_rows[:count]
        embeddings = self._embedding.look_up(token_ids, places)
        logits = self._network.run(Rows(embeddings, places, self._tables[:count], outputs, lone=True))
        for row, token in enumerate(token_ids):
            self._note(self._rows[row], (token,))
        return logits

    def release(self, row: int, *, broken: bool = False) -> None:
        text = self._rows.pop(row)
        if broken:
            for block in text.blocks:
                self._pool.forget(block)
        self._give_back(text)

    def move(self, source: int, target: int, length: int) -> None:
        self._rows[target] = self._rows.pop(source)
        self._tables[target] = self._tables[source]

    def wipe(self) -> None:
        self._rows.clear()
        self._open.clear()
        self._pool.forget_all()

    def _recall(self, ids: tuple[int, ...]) -> _Text:
        """What is remembered of a prompt's beginning, in whole blocks."""
        text = _Text([], [], BEGINNING, 0)
        for first in range(0, (len(ids) - 1) // BLOCK * BLOCK, BLOCK):
            name = name_block(text.name, ids[first : first + BLOCK])
            block = self._pool.find(name)
            if block is None:
                break
            text.blocks.append(block)
            text.name, text.length = name, first + BLOCK
        return text

    def _run_chunk(self, prompt: PromptPass, size: int, *, every: bool) -> torch.Tensor:
        text = _text_of(prompt)
        tokens = prompt.token_ids[prompt.position : prompt.position + size]
        while len(text.blocks) * BLOCK < text.length + len(tokens):
            text.blocks.append(self._pool.take())
        places = np.arange(text.length, text.length + len(tokens), dtype=np.int32)
        table = np.array([text.blocks], dtype=np.int32)
        outputs = np.arange(0 if every else len(tokens) - 1, len(tokens), dtype=np.int32)
        embeddings = self._embedding.look_up(tokens, places)
        logits = self._network.run(Rows(embeddings, places, table, outputs, lone=False))
        self._note(text, tokens)
        prompt.position = text.length
        return logits

    def _note(self, text: _Text, tokens: Sequence[int]) -> None:
        """These went through the model; blocks that are full now can be found again."""
        text.length += len(tokens)
        text.tokens.extend(tokens)
        while len(text.tokens) >= BLOCK:
            text.name = name_block(text.name, text.tokens[:BLOCK])
            del text.tokens[:BLOCK]
            full = (text.length - len(text.tokens)) // BLOCK - 1
            self._pool.remember(text.blocks[full], text.name)

    def _give_back(self, text: _Text) -> None:
        # The last ones first: of what is idle, the beginnings of texts should stay longest.
        for block in reversed(text.blocks):
            self._pool.give_back(block)


def _text_of(prompt: PromptPass) -> _Text:
    if not isinstance(prompt.memory, _Text):
        raise TypeError("this prompt was closed, or is another runner's")
    return prompt.memory
