"""The kernels as they are compiled for lesser CPUs compute the same numbers, and give rows the same bits."""

from __future__ import annotations

import ctypes
import platform
from pathlib import Path

import pytest
import torch

from generation.native.library import KernelLibrary
from generation.native.network import WeightPrecision
from generation.self_test import LEAST_CORRELATION, check_runner
from generation.types import EngineLimits
from tests.fakes.native_runners import NativeModel, save_for_kernels
from tests.fakes.random_models import build_random, logits_by_transformers, tokens_of
from tests.generation.native.compilers import compiler_for

CPUS = ("x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4")
FEATURES = {"x86-64": "sse2", "x86-64-v2": "sse4_2", "x86-64-v3": "avx2", "x86-64-v4": "avx512bw"}
MODELS = {
    "gpt2": ("gpt2", {"n_embd": 60, "n_head": 5}),
    "llama": ("llama", {"hidden_size": 100, "intermediate_size": 70, "head_dim": 80, "attention_bias": True}),
    "wide": ("llama", {"head_dim": 256, "num_key_value_heads": 1}),
}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="the CPUs are of this kind"),
]


@pytest.fixture(scope="module", params=CPUS)
def other_kernels(request, pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    facts = Path("/proc/cpuinfo")
    if not facts.is_file() or f" {FEATURES[request.param]} " not in facts.read_text():
        pytest.skip("this CPU does not run its instructions")
    compiler = compiler_for(tmp_path_factory.mktemp("compiler"), request.param)
    return KernelLibrary(pytestconfig.cache.mkdir(f"kernels-{request.param}"), compiler).open()


@pytest.fixture(scope="module", params=MODELS)
def model(request, other_kernels: ctypes.CDLL, tmp_path_factory: pytest.TempPathFactory) -> NativeModel:
    kind, sizes = MODELS[request.param]
    return save_for_kernels(other_kernels, build_random(kind, **sizes), tmp_path_factory.mktemp("model"))


@pytest.mark.parametrize("precision", ["fp32", "bf16", "int8"])
def test_rows_have_the_same_bits_and_the_right_numbers(model: NativeModel, precision: WeightPrecision) -> None:
    text = tokens_of(48)
    expected = logits_by_transformers(model.loaded, text)
    runner = model.runner(EngineLimits(33), precision, threads=2)
    check_runner(runner, text, expected, LEAST_CORRELATION[precision], 33)
    if precision == "fp32":
        torch.testing.assert_close(runner.score([runner.open(text)]), expected, atol=1e-4, rtol=1e-4)
