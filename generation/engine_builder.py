"""From a model's source to a running engine. Importing this imports torch."""

from __future__ import annotations

from pathlib import Path

import structlog
import torch

from config.errors import EngineFailed, InvalidSettings
from generation.engine import BatchingEngine
from generation.load_progress import LoadProgress
from generation.model_cache import ModelCache
from generation.model_source import ModelSource
from generation.models import load_model
from generation.types import EngineLimits, LoadedModel

log = structlog.get_logger(__name__)


def build_engine(
    source: ModelSource, cache_dir: Path, limits: EngineLimits, threads: int | None, progress: LoadProgress
) -> BatchingEngine:
    """Takes seconds, or minutes when the model has to come from the hub. Raises InvalidSettings and EngineFailed."""
    if threads is not None:
        torch.set_num_threads(threads)
    loaded = load_model(source, ModelCache(cache_dir), progress)
    progress.begin(f"Warming {source.name} up.", 1.0)
    return _start(loaded, limits)


def _start(loaded: LoadedModel, limits: EngineLimits) -> BatchingEngine:
    """The engine tries the model when it is made; one whose parts it does not know fails there."""
    try:
        return BatchingEngine(loaded, limits)
    except Exception as error:
        if isinstance(error, MemoryError) or "allocate memory" in str(error):
            raise EngineFailed(f"There is not enough memory for {loaded.name}; choose a smaller model.") from error
        log.debug("model_does_not_run", model=loaded.name, exc_info=error)
        kind = loaded.model.config.model_type
        raise InvalidSettings(f"{loaded.name} is a model of the kind {kind}, which the engine can't run.") from error
