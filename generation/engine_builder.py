"""From a model's source to a running engine. Importing this imports torch."""

from __future__ import annotations

from concurrent.futures import Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
import torch

from config.errors import EngineFailed, InvalidSettings
from config.precision import Precision
from generation.core_count import count_cores
from generation.engine import BatchingEngine
from generation.fast_path import BuildFastRunner, FastPath, RunnerPlan
from generation.freed_memory import settle_memory
from generation.load_progress import LoadProgress
from generation.model_cache import ModelCache
from generation.model_source import ModelSource
from generation.models import load_model
from generation.runner import Runner
from generation.types import EngineLimits, LoadedModel

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from generation.torch_runner import TorchRunner

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class EngineSetup:
    """How the model shall be run."""

    limits: EngineLimits
    precision: Precision = "auto"
    threads: int | None = None
    """As many as there are cores that this process may use, when None."""
    patience_s: float = 30.0
    """How long a first start waits for the fast runner, so that from the first text on a seed means one text."""


def build_engine(
    source: ModelSource,
    cache_dir: Path,
    setup: EngineSetup,
    progress: LoadProgress,
    build_fast_runner: BuildFastRunner | None = None,
) -> BatchingEngine:
    """Takes seconds, or minutes when the model has to come from the hub. Raises InvalidSettings and EngineFailed.

    A fast runner that can be had at once or within `setup.patience_s` serves from the beginning, and no network is read
    as a whole. Otherwise the network is, and serves: until the fast runner is built, or for good.
    """
    threads = _choose_threads(setup.threads)
    if build_fast_runner is not None:
        build_fast_runner.prepare()
    stored = load_model(source, ModelCache(cache_dir), progress)
    plan = RunnerPlan(stored.model, stored.folder, setup.limits, setup.precision, threads)
    fast_path = FastPath(build_fast_runner, plan)
    progress.begin(f"Warming {source.name} up.", 1.0)
    fast, later = fast_path.begin(), None
    if fast is None:
        fast_path.learn()
        later = fast_path.build_later()
        fast = _wait(later, setup.patience_s)
    if fast is not None:
        settle_memory()
        return BatchingEngine(stored.model, fast, setup.limits)
    network = stored.read_network()
    engine = BatchingEngine(stored.model, _build_torch_runner(stored.model, network, setup.limits), setup.limits)
    if fast_path.hopeless:
        settle_memory()
    elif later is not None:
        fast_path.hand_over(later, engine.replace_runner)
    return engine


def _choose_threads(wanted: int | None) -> int:
    """torch's own number suits the machine, but knows no container's quota."""
    threads = wanted or min(torch.get_num_threads(), count_cores())
    if threads != torch.get_num_threads():
        torch.set_num_threads(threads)
    return threads


def _wait(later: Future[Runner | None] | None, seconds: float) -> Runner | None:
    if later is None or later not in wait([later], seconds).done:
        return None
    return later.result()


def _build_torch_runner(model: LoadedModel, network: PreTrainedModel, limits: EngineLimits) -> TorchRunner:
    """The runner tries the network when it is made; one whose parts it does not know fails there."""
    # Here, since with it comes what transformers knows of generating: two seconds that a fast runner needs not.
    from generation.torch_runner import TorchRunner

    try:
        return TorchRunner(network, model.max_model_len, limits)
    except Exception as error:
        name = model.name
        if isinstance(error, MemoryError) or "allocate memory" in str(error):
            raise EngineFailed(f"There is not enough memory for {name}; choose a smaller model.") from error
        log.debug("model_does_not_run", model=name, exc_info=error)
        kind = model.config.model_type
        raise InvalidSettings(f"{name} is a model of the kind {kind}, which the engine can't run.") from error
