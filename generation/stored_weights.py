"""A model's safetensors, read one tensor at a time, so that its weights are never all in memory as they were stored."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors import safe_open

from generation.model_files import WEIGHTS, WEIGHTS_INDEX


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
        for full in (prefix + name for prefix in self._prefixes):
            if full in self._files:
                # Opened anew each time: what a mapped file has shown stays in memory until it is closed.
                with safe_open(self._folder / self._files[full], framework="pt") as file:
                    tensor: torch.Tensor = file.get_tensor(full)
                    return tensor
        return None


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
