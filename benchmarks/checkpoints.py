"""The two models that are measured, as folders that every engine can read or convert.

GPT-2 small has random weights, since speed does not depend on them: the architecture of `GPT2Config()`, drawn with a
fixed seed. Its tokenizer is SmolLM2's byte-level BPE, with merges added until it has GPT-2's 50,257 tokens.
SmolLM2-135M is the real model that comes with Inkling.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from benchmarks.folders import CHECKPOINTS
from generation.catalogue import DEFAULT_MODEL, MODEL_BY_NAME
from generation.model_source import find_packaged_gguf

GPT2_VOCABULARY = 50_257
_SEED = 20
_END = "<|endoftext|>"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    name: str
    title: str
    engine_model: str
    """What `--model` is for our engine."""
    folder: Path
    """safetensors in fp32, configuration, tokenizer."""
    real_weights: bool

    def encode(self, text: str) -> tuple[int, ...]:
        return tuple(Tokenizer.from_file(str(self.folder / "tokenizer.json")).encode(text).ids)


def find_checkpoint(name: str) -> Checkpoint:
    """Made when it is not there yet, which takes seconds."""
    folder = CHECKPOINTS / name / "safetensors"
    _make(folder, _BUILDERS[name])
    if name == "gpt2":
        return Checkpoint(name, "GPT-2 small (124 M, random weights)", str(folder), folder, real_weights=False)
    return Checkpoint(name, "SmolLM2-135M-Instruct", DEFAULT_MODEL, folder, real_weights=True)


def packaged_gguf() -> Path:
    """SmolLM2 as the package carries it, in Q4_1."""
    package = MODEL_BY_NAME[DEFAULT_MODEL].package
    path = find_packaged_gguf(package) if package else None
    if path is None:
        raise SystemExit(f"The package {package} is not installed; `make test` installs it.")
    return path


def _make(folder: Path, build: Callable[[Path], None]) -> None:
    """A folder has its name only when it is whole."""
    if folder.is_dir():
        return
    unfinished = folder.with_name(folder.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    _quiet_transformers()
    build(unfinished)
    unfinished.rename(folder)


def _quiet_transformers() -> None:
    """Its bars would mix with ours."""
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()


def _build_smollm2(folder: Path) -> None:
    from generation.gguf_conversion import convert_gguf
    from generation.load_progress import LoadProgress

    convert_gguf(packaged_gguf(), folder, LoadProgress())


def _build_gpt2(folder: Path) -> None:
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

    tokenizer = _widened_tokenizer(find_checkpoint(DEFAULT_MODEL).folder / "tokenizer.json")
    end = tokenizer.token_to_id(_END)
    torch.manual_seed(_SEED)
    model = GPT2LMHeadModel(GPT2Config(vocab_size=GPT2_VOCABULARY, bos_token_id=end, eos_token_id=end)).eval()
    model.save_pretrained(folder, safe_serialization=True)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=_END, bos_token=_END, unk_token=_END).save_pretrained(
        folder
    )


def _widened_tokenizer(source: Path) -> Tokenizer:
    """SmolLM2's tokenizer with doubled tokens ("the the", merged) at its end until it has as many as GPT-2's."""
    settings = json.loads(source.read_text(encoding="utf-8"))
    vocabulary, merges = settings["model"]["vocab"], settings["model"]["merges"]
    specials = {added["content"] for added in settings["added_tokens"]}
    for token in [token for token in vocabulary if token not in specials]:
        if len(vocabulary) == GPT2_VOCABULARY:
            break
        if token * 2 not in vocabulary:
            vocabulary[token * 2] = len(vocabulary)
            merges.append([token, token])
    settings["post_processor"] = None
    return Tokenizer.from_str(json.dumps(settings))


_BUILDERS: Mapping[str, Callable[[Path], None]] = {"gpt2": _build_gpt2, DEFAULT_MODEL: _build_smollm2}
MODELS = tuple(_BUILDERS)
