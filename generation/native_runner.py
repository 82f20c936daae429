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

    def growth(self, positions: int) -> int:
        """How many blocks more it takes to be so long."""
        return max(0, _count_blocks(positions) - len(self.blocks))


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
        longest = _count_blocks(embedding.positions) + 1
        budget = limits.cache_bytes // network.block_bytes
        size = max(budget, longest)
        network.set_cache(size)
        self._pool = BlockPool(size, budget)
        self._tables = np.zeros((limits.max_running, longest), dtype=np.int32)
        self._rows: dict[int, _Text] = {}
        self._open: dict[int, PromptPass] = {}
        self._all_rows = np.arange(max(CHUNK, limits.max_running), dtype=np.int32)

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
    def prompts_at_once(self) -> int:
        return CHUNK

    @property
    def scored_at_once(self) -> int:
        # Few: these logits are many.
        return _SHARED_CHUNK

    @property
    def scoring_reads(self) -> bool:
        return True

    @property
    def cache_bytes(self) -> int:
        return self._pool.in_use * self._network.block_bytes

    def room_for(self, positions: int, prompt: PromptPass | None = None) -> bool:
        if prompt is not None and prompt.promised:
            return True
        if not self._rows and all(each is prompt for each in self._open.values()):
            return True
        shared = 0 if prompt is None else len(_text_of(prompt).blocks)
        return _count_blocks(positions) + 1 <= self._pool.available + shared - self._promised()

    def _promised(self) -> int:
        """Blocks that those who run or are read may still take."""
        rows = sum([text.growth(text.positions) for text in self._rows.values()])
        return rows + sum(
            [_text_of(each).growth(each.promised + BLOCK) for each in self._open.values() if each.promised]
        )

    def open(self, token_ids: Sequence[int], positions: int = 0, *, remembered: bool = True) -> PromptPass:
        ids = tuple(token_ids)
        text = self._recall(ids) if remembered else _Text([], [], BEGINNING, 0)
        prompt = PromptPass(ids, text, text.length, positions)
        self._open[id(prompt)] = prompt
        return prompt

    def prefill(self, prompts: Sequence[PromptPass]) -> torch.Tensor:
        return self._run_chunks(prompts, self.chunk, every=False)

    def score(self, prompts: Sequence[PromptPass]) -> torch.Tensor:
        return self._run_chunks(prompts, self.scored_at_once, every=True)

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
        prompt.promised = 0

    def close(self, prompt: PromptPass) -> None:
        if self._open.pop(id(prompt), None) is not None:
            self._give_back(_text_of(prompt))
        prompt.memory = None

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
        logits = self._network.run(Rows(embeddings, places, outputs, self._tables[:count], outputs, lone=True))
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

    def _run_chunks(self, prompts: Sequence[PromptPass], size: int, *, every: bool) -> torch.Tensor:
        """The logits after every token, or after each prompt's last."""
        chunks = [prompt.token_ids[prompt.position : prompt.position + size] for prompt in prompts]
        texts = [_text_of(prompt) for prompt in prompts]
        for text, chunk in zip(texts, chunks, strict=True):
            while len(text.blocks) * BLOCK < text.length + len(chunk):
                text.blocks.append(self._pool.take())
        logits = self._network.run(self._lay_out(texts, chunks, every=every))
        for prompt, text, chunk in zip(prompts, texts, chunks, strict=True):
            self._note(text, chunk)
            prompt.position = text.length
        return logits

    def _lay_out(self, texts: Sequence[_Text], chunks: Sequence[Sequence[int]], *, every: bool) -> Rows:
        lengths = [len(chunk) for chunk in chunks]
        tables = np.zeros((len(texts), max(len(text.blocks) for text in texts)), dtype=np.int32)
        for table, text in zip(tables, texts, strict=True):
            table[: len(text.blocks)] = text.blocks
        pairs = zip(texts, lengths, strict=True)
        places = np.concatenate([np.arange(text.length, text.length + count, dtype=np.int32) for text, count in pairs])
        sequences = np.repeat(self._all_rows[: len(texts)], lengths)
        outputs = self._all_rows[: len(places)] if every else np.cumsum(lengths, dtype=np.int32) - np.int32(1)
        embeddings = self._embedding.look_up([token for chunk in chunks for token in chunk], places)
        return Rows(embeddings, places, sequences, tables, outputs, lone=False)

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


def _count_blocks(positions: int) -> int:
    return -(-positions // BLOCK)


def _text_of(prompt: PromptPass) -> _Text:
    if not isinstance(prompt.memory, _Text):
        raise TypeError("this prompt was closed, or is another runner's")
    return prompt.memory
