"""A model's safetensors, read one tensor at a time, so that its weights are never all in memory as they were stored."""

from __future__ import annotations

import json
import os
import weakref
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open

from generation.model_files import WEIGHTS, WEIGHTS_INDEX

_FLOATS = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
"""As numpy reads them; it has no brain floats, whose bits are the upper half of a float's."""


class StoredWeights:
    """Tensors by name; `prefixes` are tried before a name, as some files leave a model's own prefix out."""

    def __init__(self, folder: Path, prefixes: tuple[str, ...]) -> None:
        """Raises OSError and SafetensorError when the files can't be read."""
        self._folder = folder
        self._prefixes = (*prefixes, "")
        self._files = _list_tensors(folder)

    def get(self, name: str) -> torch.Tensor:
        """In memory that is given back with the tensor. Raises KeyError."""
        found = self.find(name)
        if found is None:
            raise KeyError(f"the weights lack {name}")
        return found

    def find(self, name: str) -> torch.Tensor | None:
        """None when there is none of this name."""
        full = self._full_name(name)
        if full is None:
            return None
        # Opened anew each time: what a mapped file has shown stays in memory until it is closed.
        with safe_open(self._folder / self._files[full], framework="pt") as file:
            tensor: torch.Tensor = file.get_tensor(full)
            return tensor

    def rows(self, name: str) -> StoredRows | None:
        """Of a matrix that stays in its file; None when there is none of this name."""
        full = self._full_name(name)
        return None if full is None else StoredRows(self._folder / self._files[full], full)

    def _full_name(self, name: str) -> str | None:
        return next((prefix + name for prefix in self._prefixes if prefix + name in self._files), None)


class StoredRows:
    """A matrix whose rows are read when they are asked for. What was read is kept by the system, not by this process.

    The file stays open: whoever replaces it by another of its name changes nothing here.
    """

    def __init__(self, path: Path, name: str) -> None:
        """Raises OSError, and ValueError when it is no matrix of floats."""
        self._file = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._file)
        # https://github.com/huggingface/safetensors#format
        length = int.from_bytes(os.pread(self._file, 8, 0), "little")
        entry = json.loads(os.pread(self._file, length, 8))[name]
        if len(entry["shape"]) != 2 or entry["dtype"] not in _FLOATS:
            raise ValueError(f"{name} is {entry['dtype']} {entry['shape']}, where a matrix of floats is wanted")
        self.shape: tuple[int, int] = tuple(entry["shape"])
        self._start = 8 + length + entry["data_offsets"][0]
        self._brain = entry["dtype"] == "BF16"
        self._dtype = np.dtype(_FLOATS[entry["dtype"]])
        self._row_bytes = self.shape[1] * self._dtype.itemsize

    def read(self, rows: Sequence[int]) -> NDArray[np.float32]:
        """[row, column]. Raises OSError when the file has become shorter."""
        size = self._row_bytes
        data = b"".join([os.pread(self._file, size, self._start + row * size) for row in rows])
        if len(data) != len(rows) * size:
            raise OSError("the model's file has become shorter while it was in use")
        numbers = np.frombuffer(data, dtype=self._dtype).reshape(len(rows), self.shape[1])
        if self._brain:
            numbers = (numbers.astype(np.uint32) << 16).view(np.float32)
        floats: NDArray[np.float32] = numbers.astype(np.float32, copy=False)
        return floats


def _list_tensors(folder: Path) -> dict[str, str]:
    """Which file has which tensor."""
    index = folder / WEIGHTS_INDEX
    if index.is_file():
        named: dict[str, str] = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
        return named
    files: dict[str, str] = {}
    for path in [folder / WEIGHTS] if (folder / WEIGHTS).is_file() else sorted(folder.glob("*.safetensors")):
        with safe_open(path, framework="pt") as file:
            files.update(dict.fromkeys(file.keys(), path.name))
    return files
