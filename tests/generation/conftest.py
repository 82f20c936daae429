"""What the engine's tests share."""

from __future__ import annotations

import ctypes

import pytest

from generation.native.library import KernelLibrary
from tests.generation.native.compilers import real_compiler


@pytest.fixture(scope="session")
def kernels(pytestconfig: pytest.Config) -> ctypes.CDLL:
    """Our own kernels, compiled when they have changed since the last run. Skips where there is no compiler."""
    real_compiler()
    return KernelLibrary(pytestconfig.cache.mkdir("kernels")).open()
