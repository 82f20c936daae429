"""An engine over a network in memory."""

from __future__ import annotations

from generation.engine import BatchingEngine
from generation.torch_runner import TorchRunner
from generation.types import EngineLimits
from tests.fakes.tiny_models import NetworkModel


def build_torch_runner(loaded: NetworkModel, limits: EngineLimits) -> TorchRunner:
    return TorchRunner(loaded.network, loaded.max_model_len, limits)


def build_torch_engine(loaded: NetworkModel, limits: EngineLimits) -> BatchingEngine:
    return BatchingEngine(loaded, build_torch_runner(loaded, limits), limits)
