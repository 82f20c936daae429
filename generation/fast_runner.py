"""Builds the native runner for a plan: kernels compiled, weights packed, numbers held against fp32."""

from __future__ import annotations

import ctypes
from concurrent.futures import Future
from pathlib import Path

import structlog
import torch

from generation.daemon import start_daemon
from generation.fast_path import NoFastRunner, RunnerPlan
from generation.native.compiler import KernelsUnavailable
from generation.native.library import KernelLibrary
from generation.native.network import WeightPrecision
from generation.native.sampler import NativeSampler
from generation.native_runner import CHUNK, NativeRunner
from generation.native_weights import NativePlan, build_network, check_family
from generation.reference_logits import ReferenceLogits
from generation.self_test import LEAST_CORRELATION, WrongNumbers, check_runner

_AUTO: tuple[WeightPrecision, ...] = ("int8", "bf16", "fp32")
"""The fewest bytes first: reading them is what a token costs."""

log = structlog.get_logger(__name__)


class FastRunnerBuilder:
    """A `BuildFastRunner`; `cache_dir` keeps the compiled kernels and the numbers to hold them against."""

    def __init__(self, cache_dir: Path) -> None:
        self._cache_dir = cache_dir
        self._library = KernelLibrary(cache_dir)
        self._opening: Future[ctypes.CDLL] | None = None

    def prepare(self) -> None:
        """See `BuildFastRunner`."""
        self._opening = start_daemon("inkling-kernels", self._library.open)

    def __call__(self, plan: RunnerPlan, *, at_once: bool) -> NativeRunner | None:
        """See `BuildFastRunner`."""
        check_family(plan.model.config)
        references = self._references(plan)
        reference = references.load()
        try:
            if at_once and (reference is None or not self._library.cached):
                return None
            library = self._library.open() if self._opening is None else self._opening.result()
        except KernelsUnavailable as error:
            raise NoFastRunner(str(error)) from error
        if reference is None:
            raise NoFastRunner("there are no fp32 logits to hold it against")
        return self._build_tried(library, plan, references.token_ids, reference)

    def learn(self, plan: RunnerPlan) -> None:
        """See `BuildFastRunner`. Raises OSError, and what transformers raises, too."""
        check_family(plan.model.config)
        references = self._references(plan)
        if not references.recorded:
            # Here, since with it comes much of transformers that later starts need not.
            from generation.layered_network import open_layered

            references.record(open_layered(plan.folder))

    def _references(self, plan: RunnerPlan) -> ReferenceLogits:
        config = plan.model.config
        return ReferenceLogits(self._cache_dir, plan.folder, config.vocab_size, plan.model.max_model_len)

    def _build_tried(
        self, library: ctypes.CDLL, plan: RunnerPlan, token_ids: tuple[int, ...], reference: torch.Tensor
    ) -> NativeRunner:
        """The first precision whose numbers are right."""
        failures = []
        for precision in _AUTO if plan.precision == "auto" else (plan.precision,):
            runner = _build(library, plan, precision)
            try:
                check_runner(runner, token_ids, reference, LEAST_CORRELATION[precision], plan.limits.max_running)
            except WrongNumbers as error:
                log.warning("fast_path_computes_wrongly", precision=precision, finding=str(error))
                failures.append(f"{precision}: {error}")
                # Before the next one takes as much memory again.
                del runner
            else:
                return runner
        raise NoFastRunner("its numbers are wrong: " + "; ".join(failures))


def _build(library: ctypes.CDLL, plan: RunnerPlan, precision: WeightPrecision) -> NativeRunner:
    most_rows = max(CHUNK, plan.limits.max_running)
    network, embedding = build_network(library, NativePlan(plan.model, plan.folder, most_rows, plan.threads), precision)
    return NativeRunner(network, embedding, NativeSampler(library, network), plan.limits, f"native {precision}")
