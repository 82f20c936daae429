"""Keys and values of every running sequence: one row each, aligned at the left, grown in steps.

The tail of a row is masked, so its content never counts; it must only be finite (zero times NaN is NaN).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from transformers.cache_utils import Cache, CacheLayerMixin, DynamicCache

WIDTH_STEP = 64
"""Attention sees a multiple of this many positions; see docs/decisions/reproducible-sampling.md."""
_CAPACITY_STEP = 256


def round_up(number: int, step: int) -> int:
    return -(-number // step) * step


@dataclass(slots=True)
class _Cursor:
    """Where the present step writes, and how far it sees."""

    positions: torch.Tensor = field(default_factory=lambda: torch.zeros(0, dtype=torch.long))
    rows: torch.Tensor = field(default_factory=lambda: torch.zeros(0, dtype=torch.long))
    width: int = WIDTH_STEP


class SlotLayer(CacheLayerMixin):  # type: ignore[misc]  # transformers is untyped here
    """One layer's keys and values, [row, head, position, channel]."""

    is_sliding = False
    is_croppable = False

    def __init__(self, cursor: _Cursor) -> None:
        super().__init__()
        self._cursor = cursor

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        """Learn heads, channels and type from a first prompt; holds no rows yet."""
        self.dtype, self.device = key_states.dtype, key_states.device
        self.keys = key_states.new_zeros((0, key_states.shape[1], 0, key_states.shape[3]))
        self.values = value_states.new_zeros((0, value_states.shape[1], 0, value_states.shape[3]))
        self.is_initialized = True

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: object, **kwargs: object
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Write one position of each row of the step; give back what attention may see, without a copy."""
        cursor = self._cursor
        self.keys[cursor.rows, :, cursor.positions] = key_states[:, :, 0]
        self.values[cursor.rows, :, cursor.positions] = value_states[:, :, 0]
        count = len(cursor.rows)
        return self.keys[:count, :, : cursor.width], self.values[:count, :, : cursor.width]

    def grow(self, rows: int, capacity: int) -> None:
        self.keys = _enlarge(self.keys, rows, capacity)
        self.values = _enlarge(self.values, rows, capacity)

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self._cursor.width, 0

    def get_seq_length(self) -> int:
        """Positions before the query as the causal mask counts them: each row's own end is in the attention mask."""
        return self._cursor.width - 1

    def get_max_length(self) -> int:
        return -1


def _enlarge(old: torch.Tensor, rows: int, capacity: int) -> torch.Tensor:
    grown = old.new_zeros((rows, old.shape[1], capacity, old.shape[3]))
    grown[: old.shape[0], :, : old.shape[2]] = old
    return grown


class SlotCache(Cache):  # type: ignore[misc]  # transformers is untyped here
    """The cache of a decoding batch, as transformers' models expect it. Rows are numbered from 0 without gaps."""

    def __init__(self, max_positions: int) -> None:
        super().__init__(layers=[])
        self.layers: list[SlotLayer] = []
        self._max_positions = max_positions
        self._cursor = _Cursor()
        self._rows = 0
        self._capacity = 0

    @property
    def nbytes(self) -> int:
        return sum(layer.keys.nbytes + layer.values.nbytes for layer in self.layers)

    def capacity_for(self, positions: int) -> int:
        """The width of every row once one has so many positions; rows do not shrink."""
        return max(self._capacity, self.fresh_capacity(positions))

    def fresh_capacity(self, positions: int) -> int:
        """The same for rows of a new cache."""
        return min(round_up(positions, _CAPACITY_STEP), round_up(self._max_positions, WIDTH_STEP))

    @property
    def capacity(self) -> int:
        """Positions that each row has memory for."""
        return self._capacity

    def begin_step(self, positions: torch.Tensor) -> int:
        """Each row writes at its position; returns how many positions attention sees."""
        needed = int(positions.max()) + 1
        self._reserve(len(positions), needed)
        self._cursor.positions = positions
        self._cursor.rows = torch.arange(len(positions))
        self._cursor.width = round_up(needed, WIDTH_STEP)
        return self._cursor.width

    def adopt(self, row: int, prompt: DynamicCache) -> None:
        """Copy a prompt's keys and values into a row."""
        if not self.layers:
            self._shape_like(prompt)
        length = prompt.get_seq_length()
        self._reserve(row + 1, length)
        for layer, source in zip(self.layers, prompt.layers, strict=True):
            layer.keys[row, :, :length] = source.keys[0]
            layer.values[row, :, :length] = source.values[0]

    def move(self, source: int, target: int, length: int) -> None:
        """Give a row another place."""
        for layer in self.layers:
            layer.keys[target, :, :length] = layer.keys[source, :, :length]
            layer.values[target, :, :length] = layer.values[source, :, :length]

    def clear(self, row: int) -> None:
        for layer in self.layers:
            layer.keys[row] = 0
            layer.values[row] = 0

    def wipe(self) -> None:
        """Forget everything and give the memory back."""
        self.layers = []
        self._rows = self._capacity = 0

    def _shape_like(self, prompt: DynamicCache) -> None:
        for source in prompt.layers:
            layer = SlotLayer(self._cursor)
            layer.lazy_initialization(source.keys, source.values)
            self.layers.append(layer)

    def _reserve(self, rows: int, positions: int) -> None:
        if rows <= self._rows and positions <= self._capacity:
            return
        rows = max(rows, self._rows)
        capacity = self.capacity_for(positions)
        for layer in self.layers:
            layer.grow(rows, capacity)
        # Only now: when memory runs out half-way, the next call grows the rest.
        self._rows, self._capacity = rows, capacity
