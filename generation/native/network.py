"""network.cpp: one model's weights and its keys and values, and forward passes over rows of tokens."""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from generation.native.pointers import bind, check_memory

BLOCK = 16
"""Positions per block of keys and values; BLOCK in attention.h."""
WeightPrecision = Literal["fp32", "bf16", "int8"]
_PRECISIONS: dict[WeightPrecision, int] = {"fp32": 0, "bf16": 1, "int8": 2}
_INT32 = ctypes.c_int32
_ADDRESS = ctypes.c_void_p


class _Shape(ctypes.Structure):
    """As in network.h."""

    _fields_ = (
        *((name, _INT32) for name in ("layers", "hidden", "heads", "key_heads", "head_size", "inner", "vocabulary")),
        *((name, _INT32) for name in ("gated", "precision", "most_rows", "most_positions", "threads")),
        ("epsilon", ctypes.c_float),
        ("scaling", ctypes.c_float),
    )


class _Step(ctypes.Structure):
    """As in network.h."""

    _fields_ = (
        *((name, _ADDRESS) for name in ("embeddings", "positions", "sequences", "tables", "output_rows", "logits")),
        *((name, _INT32) for name in ("rows", "outputs", "table_stride", "lone")),
    )


@dataclass(frozen=True, slots=True)
class NetworkShape:
    """A decoder-only transformer's sizes."""

    layers: int
    hidden: int
    heads: int
    key_heads: int
    head_size: int
    inner: int
    """Width between a layer's two feed-forward products."""
    vocabulary: int
    gated: bool
    """Llama's design; otherwise GPT-2's."""
    positions: int
    """The longest sequence."""
    epsilon: float

    @property
    def matrix_sizes(self) -> tuple[tuple[int, int], ...]:
        """[output, input] of a layer's matrices and of the head, by their places in `NativeNetwork.set_layer`."""
        context = self.heads * self.head_size
        return (
            (context + 2 * self.key_heads * self.head_size, self.hidden),
            (self.hidden, context),
            (self.inner * 2 if self.gated else self.inner, self.hidden),
            (self.hidden, self.inner),
            (self.vocabulary, self.hidden),
        )


@dataclass(frozen=True, slots=True)
class Rows:
    """What one pass runs: a token per row, of one or more sequences; those of one stand together, in its order."""

    embeddings: NDArray[np.float32]
    """[row, hidden]."""
    positions: NDArray[np.int32]
    sequences: NDArray[np.int32]
    """Which row of `tables` has a row's blocks."""
    tables: NDArray[np.int32]
    """[sequence, block]."""
    outputs: NDArray[np.int32]
    """The rows whose logits are wanted."""
    lone: bool
    """Every row is of a sequence of its own."""


class NativeNetwork:
    """Used from one thread at a time; `threads` of its own share each pass."""

    def __init__(
        self, library: ctypes.CDLL, shape: NetworkShape, precision: WeightPrecision, most_rows: int, threads: int
    ) -> None:
        """Weights are unset. Raises MemoryError, as do the setters."""
        self._functions = _bind_all(library)
        self._precision = precision
        self._shape = shape
        self._most_rows = most_rows
        self._blocks = 0
        address = self._functions["new"](
            _Shape(
                *(shape.layers, shape.hidden, shape.heads, shape.key_heads, shape.head_size, shape.inner),
                *(shape.vocabulary, shape.gated, _PRECISIONS[precision], most_rows, shape.positions, threads),
                *(shape.epsilon, shape.head_size**-0.5),
            )
        )
        if not address:
            raise MemoryError
        self._network = ctypes.c_void_p(address)
        # Not at the process's end: a thread may still be inside.
        weakref.finalize(self, self._functions["delete"], self._network).atexit = False
        self.team = ctypes.c_void_p(self._functions["team"](self._network))
        """Its threads, for kernels that share their work among them while no pass runs. Keep the network meanwhile."""
        self._logits_stride = 0
        self.block_bytes: int = self._functions["block_size"](self._network)
        """Memory of one block of keys and values."""

    def set_layer(self, layer: int, place: int, weight: torch.Tensor, bias: torch.Tensor | None) -> None:
        """Places: 0 query, key and value, 1 attention's output, 2 the feed-forward's first product (gates first), 3 its
        second, 4 (of any layer) the head. `weight` is [output, input]; it is packed, not kept. Raises ValueError when
        it has another size than the shape says."""
        _check_size(weight, bias, self._shape.matrix_sizes[place])
        weight, bias = weight.float().contiguous(), None if bias is None else bias.float().contiguous()
        precision = _PRECISIONS[self._precision]
        done = self._functions["matrix"](self._network, layer, place, _address(weight), _address(bias), precision)
        check_memory(done)
        self._logits_stride = self._functions["logits_stride"](self._network)

    def set_norm(self, layer: int, place: int, weight: torch.Tensor, bias: torch.Tensor | None) -> None:
        """Places: 0 before attention, 1 before the feed-forward part, 2 (of any layer) the last. Raises ValueError."""
        _check_size(weight, bias, (self._shape.hidden,))
        weight, bias = weight.float().contiguous(), None if bias is None else bias.float().contiguous()
        check_memory(self._functions["norm"](self._network, layer, place, _address(weight), _address(bias)))

    def set_angles(self, cosines: torch.Tensor, sines: torch.Tensor) -> None:
        """[position, half of the head's channels]. Raises ValueError."""
        for angles in (cosines, sines):
            _check_size(angles, None, (self._shape.positions, self._shape.head_size // 2))
        cosines, sines = cosines.float().contiguous(), sines.float().contiguous()
        check_memory(self._functions["angles"](self._network, _address(cosines), _address(sines)))

    def set_cache(self, blocks: int) -> None:
        """Room for keys and values, taken from the machine as it is used."""
        check_memory(self._functions["cache"](self._network, blocks))
        self._blocks = blocks

    def copy_block(self, source: int, target: int) -> None:
        self._functions["copy_block"](self._network, source, target)

    def run(self, rows: Rows) -> torch.Tensor:
        """The logits [output, vocabulary]; writes the rows' keys and values into their blocks. Raises ValueError."""
        self._check_rows(rows)
        logits = torch.empty((len(rows.outputs), self._logits_stride))
        step = _Step(
            *(rows.embeddings.ctypes.data, rows.positions.ctypes.data, rows.sequences.ctypes.data),
            *(rows.tables.ctypes.data, rows.outputs.ctypes.data, logits.data_ptr()),
            *(len(rows.positions), len(rows.outputs), rows.tables.strides[0] // 4, rows.lone),
        )
        self._functions["run"](self._network, step)
        return logits[:, : self._shape.vocabulary]

    def _check_rows(self, rows: Rows) -> None:
        """The kernels trust what they are given: whatever is wrong here would be read or written beyond memory."""
        count, shape = len(rows.positions), self._shape
        sound = (
            _is_plain(rows.embeddings, np.float32, (count, shape.hidden))
            and all(_is_plain(each, np.int32, (count,)) for each in (rows.positions, rows.sequences))
            and _is_plain(rows.outputs, np.int32, rows.outputs.shape)
            and rows.tables.dtype == np.int32
            and (rows.tables.strides[1] == 4 or rows.tables.shape[1] == 1)
            and 0 < count <= self._most_rows
            and 0 <= rows.sequences.min() <= rows.sequences.max() < len(rows.tables)
            and 0 <= rows.positions.min() <= rows.positions.max() < min(shape.positions, rows.tables.shape[1] * BLOCK)
            and 0 <= rows.tables.min() <= rows.tables.max() < self._blocks
            and len(rows.outputs) > 0
            and 0 <= rows.outputs.min() <= rows.outputs.max() < count
        )
        if not sound or len(rows.outputs) > self._most_rows:
            raise ValueError("these rows are not as the network takes them")
        if rows.lone and len(set(rows.sequences.tolist())) < count:
            # One may read what the other writes meanwhile.
            raise ValueError("lone rows must each be of a sequence of their own; two of these are of the same one")


def _bind_all(library: ctypes.CDLL) -> dict[str, Callable[..., Any]]:
    declarations: dict[str, tuple[type[Any] | None, tuple[type[Any], ...]]] = {
        "new": (_ADDRESS, (ctypes.POINTER(_Shape),)),
        "delete": (None, (_ADDRESS,)),
        "matrix": (_INT32, (_ADDRESS, _INT32, _INT32, _ADDRESS, _ADDRESS, _INT32)),
        "norm": (_INT32, (_ADDRESS, _INT32, _INT32, _ADDRESS, _ADDRESS)),
        "angles": (_INT32, (_ADDRESS, _ADDRESS, _ADDRESS)),
        "cache": (_INT32, (_ADDRESS, ctypes.c_int64)),
        "copy_block": (None, (_ADDRESS, _INT32, _INT32)),
        "block_size": (ctypes.c_int64, (_ADDRESS,)),
        "logits_stride": (_INT32, (_ADDRESS,)),
        "team": (_ADDRESS, (_ADDRESS,)),
        "run": (None, (_ADDRESS, ctypes.POINTER(_Step))),
    }
    return {
        name: bind(library, f"inkling_network_{name}", result, *arguments)
        for name, (result, arguments) in declarations.items()
    }


def _address(tensor: torch.Tensor | None) -> int | None:
    return None if tensor is None else tensor.data_ptr()


def _check_size(weight: torch.Tensor, bias: torch.Tensor | None, size: tuple[int, ...]) -> None:
    if tuple(weight.shape) != size or (bias is not None and tuple(bias.shape) != size[:1]):
        found = [list(each.shape) for each in (weight, bias) if each is not None]
        raise ValueError(f"weights are {found} where the model has {list(size)}")


def _is_plain(array: NDArray[Any], dtype: type[np.generic], shape: tuple[int, ...]) -> bool:
    return array.dtype == dtype and array.shape == shape and array.flags.c_contiguous
