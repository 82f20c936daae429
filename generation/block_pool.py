"""Which block of keys and values holds what: shared by texts that begin alike, remembered after they end."""

from __future__ import annotations

import hashlib
from collections import Counter, OrderedDict
from collections.abc import Sequence

import numpy as np

BEGINNING = b""
"""The name of the text before the first block."""


def name_block(before: bytes, token_ids: Sequence[int]) -> bytes:
    """A name for a full block that only the same tokens after the same text have; `before` is that text's name.

    A cryptographic hash, so that nobody can make a prompt whose name is that of somebody else's.
    """
    return hashlib.blake2b(np.asarray(token_ids, dtype=np.int64).tobytes(), digest_size=16, key=before).digest()


class BlockPool:
    """Blocks are numbered; each is free, held by so many sequences, or remembered for the next with the same text."""

    def __init__(self, size: int, budget: int) -> None:
        """There are `size` of them, and more than `budget` only for who needs them: none are remembered beyond that."""
        self._size = size
        self._budget = budget
        self.forget_all()

    @property
    def available(self) -> int:
        """How many more may be held within the budget; those that are only remembered give way. Below zero when one
        text took more than the budget."""
        return self._budget - len(self._holders)

    @property
    def in_use(self) -> int:
        """How many hold something, remembered ones included."""
        return self._size - len(self._free)

    def take(self) -> int:
        """A block of one's own: a free one within the budget, or the one that has been idle longest.

        Raises MemoryError when all are held.
        """
        if self._idle and (not self._free or self.in_use >= self._budget):
            self._forget_oldest()
        if not self._free:
            raise MemoryError("there is no block left")
        block = self._free.pop()
        self._holders[block] = 1
        return block

    def find(self, name: bytes) -> int | None:
        """Hold the block of this name, too."""
        block = self._blocks.get(name)
        if block is not None:
            self.hold(block)
        return block

    def hold(self, block: int) -> None:
        self._holders[block] += 1
        self._idle.pop(block, None)

    def give_back(self, block: int) -> None:
        """One holder less; the last one's block is free, or idle when it has a name."""
        self._holders[block] -= 1
        if self._holders[block]:
            return
        del self._holders[block]
        if block not in self._names:
            self._free.append(block)
            return
        self._idle[block] = None
        if self.in_use > self._budget:
            self._forget_oldest()

    def remember(self, block: int, name: bytes) -> None:
        """Let a full block be found by its name; the first of equal ones is kept."""
        if name not in self._blocks and block not in self._names:
            self._blocks[name] = block
            self._names[block] = name

    def forget(self, block: int) -> None:
        """Let it be found no more. Whoever holds it keeps it."""
        name = self._names.pop(block, None)
        if name is not None:
            del self._blocks[name]
        if block in self._idle:
            del self._idle[block]
            self._free.append(block)

    def _forget_oldest(self) -> None:
        self.forget(next(iter(self._idle)))

    def forget_all(self) -> None:
        self._free = list(range(self._size - 1, -1, -1))
        self._holders: Counter[int] = Counter()
        self._idle: OrderedDict[int, None] = OrderedDict()
        self._blocks: dict[bytes, int] = {}
        self._names: dict[int, bytes] = {}
