"""Which files make a model, in a folder or a repository."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

WEIGHTS = "model.safetensors"
WEIGHTS_INDEX = "model.safetensors.index.json"
_TOKENIZERS = (("tokenizer.json",), ("vocab.json", "merges.txt"), ("tokenizer.model",), ("spiece.model",))
WANTED_FILES = (
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "tokenizer.model",
    "spiece.model",
    WEIGHTS,
    WEIGHTS_INDEX,
    "model-[0-9]*-of-[0-9]*.safetensors",
)
"""As shell patterns: what loading needs of a repository; no other formats, no other weights."""
_PICKLED = re.compile(r".*\.(bin|pt|pth|ckpt|pkl|h5|msgpack)")


def wanted_files(names: Iterable[str]) -> list[str]:
    """Those of a repository's files that loading needs."""
    return [name for name in names if any(fnmatchcase(name, pattern) for pattern in WANTED_FILES)]


def has_weights(names: Iterable[str]) -> bool:
    return any(name.endswith(".safetensors") for name in names)


def has_tokenizer(names: Iterable[str]) -> bool:
    present = set(names)
    return any(present.issuperset(files) for files in _TOKENIZERS)


def no_weights_sentence(model: str, names: Iterable[str]) -> str:
    """Why a model without safetensors is refused."""
    if any(_PICKLED.fullmatch(name) for name in names):
        return f"{model} has its weights in a format that can run code; only safetensors are loaded."
    return f"{model} has no weights."


def is_complete(folder: Path) -> bool:
    """Whether everything is there that loading needs."""
    names = [path.name for path in folder.iterdir() if path.is_file()]
    if "config.json" not in names or not has_tokenizer(names):
        return False
    return all((folder / name).is_file() for name in _weight_files(folder))


def _weight_files(folder: Path) -> set[str]:
    try:
        index = json.loads((folder / WEIGHTS_INDEX).read_text(encoding="utf-8"))
        return set(index["weight_map"].values())
    except FileNotFoundError:
        return {WEIGHTS}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {WEIGHTS_INDEX + " (unreadable)"}
