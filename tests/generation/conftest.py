"""What the engine's tests share."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

import pytest

from generation.engine import BatchingEngine
from generation.native.library import KernelLibrary
from generation.runner import Runner
from generation.types import EngineLimits
from tests.fakes.native_runners import save_for_kernels
from tests.fakes.tiny_models import NetworkModel
from tests.fakes.torch_engine import build_torch_runner
from tests.generation.native.compilers import real_compiler


@pytest.fixture(scope="session")
def kernels(pytestconfig: pytest.Config) -> ctypes.CDLL:
    """Our own kernels, compiled when they have changed since the last run. Skips where there is no compiler."""
    real_compiler()
    return KernelLibrary(pytestconfig.cache.mkdir("kernels")).open()


MakeRunner = Callable[[NetworkModel, EngineLimits], Runner]
MakeEngine = Callable[[NetworkModel, EngineLimits], BatchingEngine]


def _maker(request: pytest.FixtureRequest) -> MakeRunner:
    if request.param == "torch":
        return build_torch_runner
    kernels = request.getfixturevalue("kernels")
    folders = request.getfixturevalue("tmp_path_factory")

    def make(loaded: NetworkModel, limits: EngineLimits) -> Runner:
        return save_for_kernels(kernels, loaded, folders.mktemp("model")).runner(limits, request.param, threads=2)

    return make


@pytest.fixture(params=["torch", "fp32", "int8"], scope="session")
def make_runner(request: pytest.FixtureRequest) -> MakeRunner:
    """Each kind of runner; precisions are those of the native one."""
    return _maker(request)


@pytest.fixture(scope="session")
def make_engine(make_runner: MakeRunner) -> MakeEngine:
    return lambda loaded, limits: BatchingEngine(loaded, make_runner(loaded, limits), limits)


@pytest.fixture(params=["torch", "fp32"], scope="session")
def make_exact_engine(request: pytest.FixtureRequest) -> MakeEngine:
    """Over the runners that compute what transformers computes."""
    make = _maker(request)
    return lambda loaded, limits: BatchingEngine(loaded, make(loaded, limits), limits)
