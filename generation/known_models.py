"""A model's configuration and tokenizer as transformers understands them, and what it understood, kept on disk.

Asking transformers imports half of it and torch's compiler, a second and 90 MB: once, and no more as long as the files
are the same.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
import transformers
from transformers import AutoConfig, AutoTokenizer, PretrainedConfig

from generation.whole_file import written_whole

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_VERSION = 1
LOCAL_ONLY = {"local_files_only": True, "trust_remote_code": False}
"""For everything of transformers that reads a model."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Understood:
    """With every default of the model's kind, and the class of tokenizer that suits it."""

    config: dict[str, Any]
    tokenizer: str

    def open(self, model: Path) -> tuple[PretrainedConfig, PreTrainedTokenizerBase]:
        kind = getattr(transformers, self.tokenizer)
        return PretrainedConfig(**self.config), kind.from_pretrained(model, **LOCAL_ONLY)


class KnownModels:
    """`folder` is made when first needed, and may be deleted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, model: Path) -> tuple[PretrainedConfig, PreTrainedTokenizerBase]:
        """Of the model in that folder. Raises what transformers raises."""
        path = self._folder / f"{_key(model)}.json"
        known = _load(path)
        if known is not None:
            try:
                return known.open(model)
            except Exception as error:  # what is wrong with the model itself comes up again below
                log.warning("known_model_unreadable", error=type(error).__name__)
        config, tokenizer = ask_transformers(model)
        understood = _describe(config, tokenizer)
        if understood is not None:
            _keep(path, understood)
        return config, tokenizer


def ask_transformers(model: Path) -> tuple[PretrainedConfig, PreTrainedTokenizerBase]:
    """Never code from the folder."""
    return AutoConfig.from_pretrained(model, **LOCAL_ONLY), AutoTokenizer.from_pretrained(model, **LOCAL_ONLY)


def _describe(config: PretrainedConfig, tokenizer: PreTrainedTokenizerBase) -> _Understood | None:
    """None for what could not be had again from this alone: models of several parts, tokenizers of other packages."""
    kind = type(tokenizer).__name__
    if config.get_text_config() is not config or getattr(transformers, kind, None) is not type(tokenizer):
        return None
    # Also by the names that all kinds have in common.
    common = {name: getattr(config, name) for name in type(config).attribute_map if hasattr(config, name)}
    return _Understood({**common, **config.to_dict()}, kind)


def _load(path: Path) -> _Understood | None:
    try:
        return _Understood(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        log.warning("known_model_unreadable", error=type(error).__name__)
        return None


def _keep(path: Path, understood: _Understood) -> None:
    """Without it everything works, only slower."""
    try:
        text = json.dumps(asdict(understood))
        with written_whole(path) as part:
            part.write_text(text, encoding="utf-8")
    except (OSError, TypeError, ValueError) as error:
        log.debug("known_model_not_kept", error=type(error).__name__)


def _key(model: Path) -> str:
    """From the names, sizes and times of change of the model's files, and the version of transformers."""
    digest = hashlib.sha256(f"{_VERSION}:{transformers.__version__}:{model.resolve()}".encode())
    for path in sorted(model.iterdir()):
        with contextlib.suppress(OSError):
            facts = path.stat()
            digest.update(f"{path.name}:{facts.st_size}:{facts.st_mtime_ns}".encode())
    return digest.hexdigest()[:24]
