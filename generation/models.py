"""Loads a model by name: finds it, fetches or converts it when that is needed, and reads it: facts first, weights on
demand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
import torch
import transformers
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from config.errors import EngineFailed, InklingError, InvalidSettings
from generation.gguf_conversion import check_gguf, convert_gguf
from generation.hub import HubModels
from generation.known_models import LOCAL_ONLY, KnownModels, ask_transformers
from generation.load_progress import LoadProgress
from generation.model_cache import ModelCache
from generation.model_files import has_tokenizer, has_weights, no_weights_sentence
from generation.model_source import FolderSource, GgufSource, HubSource, ModelSource
from generation.types import LoadedModel

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

_LENGTHS = ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length")
"""How the configurations of model families name the longest text they take."""
_LENGTH_UNKNOWN = 2048
_WINDOWS = ("sliding_window", "window_size", "attention_chunk_size")
"""How they name the reach of local attention."""
_END_OF_DOCUMENT = "<|endoftext|>"
"""Ends a text also in models whose own end is that of a chat message."""
Understand = Callable[[Path], tuple["PretrainedConfig", "PreTrainedTokenizerBase"]]
"""The configuration and the tokenizer of the model in a folder."""

_DECODERS: frozenset[str] = frozenset(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values())

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A model on disk whose facts are known."""

    folder: Path
    """As transformers saves one."""
    model: LoadedModel

    def read_network(self) -> PreTrainedModel:
        """Its weights in memory, in fp32. Raises InvalidSettings, and EngineFailed when the memory does not suffice."""
        with _explained(self.model.name):
            return _read_network(self.model.name, self.folder)


def load_model(source: ModelSource, cache: ModelCache, progress: LoadProgress) -> StoredModel:
    """All but its weights. Raises InvalidSettings when it will never write, EngineFailed when it may later."""
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    folder = _find_folder(source, cache, progress)
    progress.begin(f"Reading {source.name} into memory.", 0.95)
    return load_folder(source.name, folder, KnownModels(cache.known).read)


def load_folder(name: str, folder: Path, understand: Understand = ask_transformers) -> StoredModel:
    """A model as transformers saves one. Only safetensors, never code from the folder. Raises InvalidSettings."""
    check_folder(name, folder)
    with _explained(name):
        return StoredModel(folder, _read_facts(name, folder, understand))


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """What goes wrong while reading, in a sentence."""
    try:
        yield
    except InklingError:
        raise
    except Exception as error:
        if isinstance(error, MemoryError) or "allocate memory" in str(error):
            raise EngineFailed(f"There is not enough memory for {name}; choose a smaller model.") from error
        log.debug("model_unreadable", model=name, exc_info=error)
        raise InvalidSettings(f"{name} can't be loaded: {_first_line(error)}") from error


def check_folder(name: str, folder: Path) -> None:
    """What can be told without reading weights. Raises InvalidSettings."""
    config = _read_config(name, folder)
    architectures = config.get("architectures") or []
    causal = config.get("model_type") in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
    if config.get("is_encoder_decoder") or not causal or (architectures and not _DECODERS & set(architectures)):
        kind = architectures[0] if architectures else config.get("model_type") or "unknown"
        raise InvalidSettings(f"{name} is a model of the kind {kind}, which doesn't continue text.")
    names = [path.name for path in folder.iterdir()]
    if not has_weights(names):
        raise InvalidSettings(no_weights_sentence(name, names))
    if not has_tokenizer(names):
        raise InvalidSettings(f"{name} has no tokenizer.")


def _find_folder(source: ModelSource, cache: ModelCache, progress: LoadProgress) -> Path:
    match source:
        case FolderSource(_, path):
            return path
        case GgufSource(_, path):
            check_gguf(path)
            return cache.converted(path, lambda target: convert_gguf(path, target, progress))
        case HubSource():
            return HubModels(cache.hub).fetch(source, progress)


def _read_config(name: str, folder: Path) -> Mapping[str, Any]:
    path = folder / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InvalidSettings(f"{name} is no model: there is no config.json in its folder.") from error
    except (OSError, ValueError) as error:
        raise InvalidSettings(f"{name} has a config.json I can't read.") from error
    if not isinstance(config, dict):
        raise InvalidSettings(f"{name} has a config.json I can't read.")
    return config


def _read_facts(name: str, folder: Path, understand: Understand) -> LoadedModel:
    config, tokenizer = understand(folder)
    ends = _ends_of_text(tokenizer, config.eos_token_id, _generation_end(folder))
    return LoadedModel(name, config, tokenizer, longest_text(config), ends)


def _read_network(name: str, folder: Path) -> PreTrainedModel:
    from transformers import AutoModelForCausalLM

    network, report = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, use_safetensors=True, weights_only=True, output_loading_info=True, **LOCAL_ONLY
    )
    if report["missing_keys"]:
        raise InvalidSettings(f"{name} lacks {len(report['missing_keys'])} of its weights; its files are incomplete.")
    return network.eval()


def longest_text(config: PretrainedConfig) -> int:
    """The longest text a model takes, within the reach of its attention: until a sliding window begins to slide."""
    text = config.get_text_config()
    lengths = (getattr(text, name, None) for name in _LENGTHS)
    longest = next((length for length in lengths if isinstance(length, int) and length > 0), _LENGTH_UNKNOWN)
    windows = (getattr(text, name, None) for name in _WINDOWS)
    return min([longest, *(window for window in windows if isinstance(window, int) and window > 0)])


def _generation_end(folder: Path) -> object:
    """What the settings for generating call the end, if there are any."""
    path = folder / "generation_config.json"
    return json.loads(path.read_text(encoding="utf-8")).get("eos_token_id") if path.is_file() else None


def _ends_of_text(tokenizer: PreTrainedTokenizerBase, *named_elsewhere: object) -> frozenset[int]:
    """Whatever the model's files call the end: the tokenizer, the configuration, the settings for generating."""
    named_end = tokenizer.convert_tokens_to_ids(_END_OF_DOCUMENT) if _END_OF_DOCUMENT in tokenizer.get_vocab() else None
    ends: set[int] = set()
    for named in (named_end, tokenizer.eos_token_id, *named_elsewhere):
        several = named if isinstance(named, list | tuple) else [named]
        ends.update(end for end in several if isinstance(end, int))
    return frozenset(ends)


def _first_line(error: Exception) -> str:
    line = next(iter(str(error).strip().splitlines()), "") or type(error).__name__
    return line[:200].rstrip(".") + "."
