"""Native runners over networks in memory, whose weights are saved first."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, replace
from pathlib import Path

from generation.engine import BatchingEngine
from generation.native.network import WeightPrecision
from generation.native.sampler import NativeSampler
from generation.native_runner import CHUNK, NativeRunner
from generation.native_weights import NativePlan, build_network
from generation.types import EngineLimits, LoadedModel
from tests.fakes.tiny_models import NetworkModel


@dataclass(frozen=True, slots=True)
class NativeModel:
    """A model whose weights are in a folder, and the library that runs it."""

    library: ctypes.CDLL
    loaded: LoadedModel
    folder: Path

    def runner(
        self,
        limits: EngineLimits | None = None,
        precision: WeightPrecision = "fp32",
        threads: int = 1,
        blocks: int | None = None,
    ) -> NativeRunner:
        """`blocks` of keys and values instead of so many bytes."""
        limits = limits or EngineLimits()
        plan = NativePlan(self.loaded, self.folder, max(CHUNK, limits.max_running), threads)
        network, embedding = build_network(self.library, plan, precision)
        if blocks is not None:
            limits = replace(limits, cache_bytes=blocks * network.block_bytes)
        return NativeRunner(network, embedding, NativeSampler(self.library, network), limits, f"native {precision}")

    def engine(self, limits: EngineLimits, precision: WeightPrecision = "fp32", threads: int = 1) -> BatchingEngine:
        return BatchingEngine(self.loaded, self.runner(limits, precision, threads), limits)


def save_for_kernels(library: ctypes.CDLL, loaded: NetworkModel, folder: Path) -> NativeModel:
    loaded.network.save_pretrained(folder)
    return NativeModel(library, loaded, folder)
