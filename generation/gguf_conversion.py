"""A GGUF file as a folder of safetensors: de-quantised once, to the very numbers that the file means."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors.torch import save_model
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from config.errors import InvalidSettings
from generation.load_progress import LoadProgress

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_MAGIC = b"GGUF"


def check_gguf(path: Path) -> None:
    """Raises InvalidSettings for a file that is none, before anything slow."""
    try:
        with path.open("rb") as file:
            beginning = file.read(len(_MAGIC))
    except OSError as error:
        raise InvalidSettings(f"I can't read {path.name}: {error.strerror or type(error).__name__}.") from error
    if beginning != _MAGIC:
        raise InvalidSettings(f"{path.name} is not a GGUF file.")


def convert_gguf(path: Path, target: Path, progress: LoadProgress) -> None:
    """Write model, configuration and tokenizer into the empty folder `target`. Raises InvalidSettings."""
    progress.begin(f"Reading the tokenizer of {path.name}.", 0.2)
    try:
        source = {"pretrained_model_name_or_path": str(path.parent), "gguf_file": path.name, "local_files_only": True}
        tokenizer = AutoTokenizer.from_pretrained(**source)
        config = AutoConfig.from_pretrained(**source)
        progress.begin(f"Unpacking the numbers of {path.name}, once.", 0.6)
        model = AutoModelForCausalLM.from_pretrained(**source, config=config, dtype=torch.float32)
    except MemoryError:
        raise
    except Exception as error:
        # The reader's own errors name offsets and array shapes; what they mean is one of two things.
        raise InvalidSettings(
            f"{path.name} can't be read: it is cut off, or holds a kind of model I don't know."
        ) from error
    progress.begin("Saving the unpacked model.", 0.75)
    _save(model, tokenizer, target)


def _save(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, target: Path) -> None:
    """By hand: transformers refuses to save a model that was quantised once."""
    config = model.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    config.architectures = [type(model).__name__]
    config.save_pretrained(target)
    model.generation_config.save_pretrained(target)
    tokenizer.save_pretrained(target)
    save_model(model, str(target / "model.safetensors"), metadata={"format": "pt"})
