"""The native runner as the engine's builder gets it: later, at once, in another precision, or never."""

from __future__ import annotations

import ctypes
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from structlog.testing import capture_logs

from config.sampling import SamplingOptions
from generation.engine import BatchingEngine
from generation.engine_builder import EngineSetup, build_engine
from generation.fast_path import NoFastRunner, RunnerPlan
from generation.fast_runner import FastRunnerBuilder
from generation.load_progress import LoadProgress
from generation.model_source import find_source
from generation.native_runner import NativeRunner
from generation.reference_logits import ReferenceLogits
from generation.types import EngineLimits
from tests.fakes.engine_requests import build_request, collect
from tests.fakes.random_models import build_random
from tests.fakes.tiny_models import NetworkModel

LIMITS = EngineLimits(max_running=4)


@pytest.fixture
def cache(kernels: ctypes.CDLL, pytestconfig: pytest.Config, tmp_path: Path) -> Path:
    """Kernels are compiled, and nothing else is known."""
    compiled = pytestconfig.cache.mkdir("kernels") / "native"
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "native").symlink_to(compiled, target_is_directory=True)
    return tmp_path / "cache"


@pytest.fixture
def loaded() -> NetworkModel:
    return build_random("llama")


def plan_for(loaded: NetworkModel, folder: Path, precision="auto") -> RunnerPlan:
    loaded.network.save_pretrained(folder)
    loaded.tokenizer.save_pretrained(folder)
    return RunnerPlan(loaded, folder, LIMITS, precision, 2)


def references_for(cache: Path, plan: RunnerPlan) -> ReferenceLogits:
    return ReferenceLogits(cache, plan.folder, plan.model.config.vocab_size, plan.model.max_model_len)


def built(runner: NativeRunner | None) -> str:
    assert runner is not None
    assert runner.cache_bytes == 0
    return runner.path


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_cold_it_learns_first_and_warm_it_is_there_at_once(cache: Path, tmp_path: Path, kind: str) -> None:
    loaded = build_random(kind)
    plan = plan_for(loaded, tmp_path / "model")
    build = FastRunnerBuilder(cache)
    assert build(plan, at_once=True) is None
    build.learn(plan)
    assert built(build(plan, at_once=False)) == "native int8"
    assert built(FastRunnerBuilder(cache)(plan, at_once=True)) == "native int8"


@pytest.mark.parametrize("precision", ["fp32", "bf16", "int8"])
def test_a_precision_that_was_asked_for_is_used(cache: Path, tmp_path: Path, loaded, precision) -> None:
    plan = plan_for(loaded, tmp_path / "model", precision)
    build = FastRunnerBuilder(cache)
    build.learn(plan)
    assert built(build(plan, at_once=True)) == f"native {precision}"


def test_kernels_that_are_not_compiled_are_not_had_at_once(cache: Path, tmp_path: Path, loaded: NetworkModel) -> None:
    plan = plan_for(loaded, tmp_path / "model")
    (cache / "native").unlink()
    build = FastRunnerBuilder(cache)
    build.learn(plan)
    assert build(plan, at_once=True) is None


def test_nothing_to_hold_it_against_is_no_runner(cache: Path, tmp_path: Path, loaded: NetworkModel) -> None:
    with pytest.raises(NoFastRunner, match="no fp32 logits"):
        FastRunnerBuilder(cache)(plan_for(loaded, tmp_path / "model"), at_once=False)


def test_without_a_compiler_there_is_none(cache: Path, tmp_path: Path, loaded, monkeypatch) -> None:
    plan = plan_for(loaded, tmp_path / "model")
    (cache / "native").unlink()
    monkeypatch.setenv("PATH", str(tmp_path))
    build = FastRunnerBuilder(cache)
    build.learn(plan)
    assert build(plan, at_once=True) is None
    with pytest.raises(NoFastRunner, match=r"There is no C\+\+ compiler here"):
        build(plan, at_once=False)


def test_kernels_that_were_compiled_before_need_no_compiler(cache: Path, tmp_path: Path, loaded, monkeypatch) -> None:
    plan = plan_for(loaded, tmp_path / "model")
    monkeypatch.setenv("PATH", str(tmp_path))
    build = FastRunnerBuilder(cache)
    build.learn(plan)
    assert built(build(plan, at_once=True)) == "native int8"


def test_a_model_without_kernels_is_known_from_its_facts(cache: Path, tmp_path: Path) -> None:
    other = build_random("qwen3")
    plan = plan_for(other, tmp_path / "model")
    build = FastRunnerBuilder(cache)
    for attempt in (
        lambda: build(plan, at_once=True),
        lambda: build(plan, at_once=False),
        lambda: build.learn(plan),
    ):
        with pytest.raises(NoFastRunner, match="kind qwen3 have no kernels"):
            attempt()
    assert not (cache / "reference").exists()


def spoil_for_bytes(loaded: NetworkModel) -> NetworkModel:
    """Weights that 8 bits can't hold: beside each huge one, which meets a channel that is always zero, small ones."""
    for layer in loaded.network.model.layers:
        layer.post_attention_layernorm.weight.data[5] = 0.0
        for matrix in (layer.mlp.gate_proj, layer.mlp.up_proj):
            matrix.weight.data[:, 5] = 3000.0
    return loaded


def test_where_8_bits_are_too_few_16_are_used(cache: Path, tmp_path: Path, loaded: NetworkModel) -> None:
    plan = plan_for(spoil_for_bytes(loaded), tmp_path / "model")
    build = FastRunnerBuilder(cache)
    build.learn(plan)
    with capture_logs() as logs:
        assert built(build(plan, at_once=True)) == "native bf16"
    [said] = [line for line in logs if line["log_level"] == "warning"]
    assert (said["event"], said["precision"]) == ("fast_path_computes_wrongly", "int8")
    with pytest.raises(NoFastRunner, match="its numbers are wrong: int8: for a prompt the logits correlate only"):
        build(replace(plan, precision="int8"), at_once=True)


def test_numbers_that_are_wrong_in_every_precision_are_no_runner(cache: Path, tmp_path: Path, loaded) -> None:
    plan = plan_for(loaded, tmp_path / "model")
    build = FastRunnerBuilder(cache)
    with torch.no_grad():
        loaded.network.model.norm.weight.normal_()
    references_for(cache, plan).record(loaded.network)
    with pytest.raises(NoFastRunner, match=r"int8: .*; bf16: .*; fp32: "):
        build(plan, at_once=True)


def test_weights_that_are_missing_are_an_error_that_names_them(cache: Path, tmp_path: Path, loaded) -> None:
    plan = plan_for(loaded, tmp_path / "model")
    build_random("llama", num_hidden_layers=1).network.save_pretrained(tmp_path / "less")
    (tmp_path / "less" / "model.safetensors").replace(plan.folder / "model.safetensors")
    build = FastRunnerBuilder(cache)
    with pytest.raises(KeyError, match=r"layers\.1"):
        build.learn(plan)
    references_for(cache, plan).record(loaded.network)
    with pytest.raises(KeyError, match=r"layers\.1"):
        build(plan, at_once=True)


async def test_an_engine_starts_slow_and_the_next_one_fast(cache: Path, tmp_path: Path, loaded: NetworkModel) -> None:
    plan = plan_for(loaded, tmp_path / "model")
    request = build_request((5, 6), SamplingOptions(seed=1, length=5, temperature=0))

    def start() -> BatchingEngine:
        source = find_source(str(plan.folder))
        return build_engine(source, cache, EngineSetup(LIMITS, "fp32"), LoadProgress(), FastRunnerBuilder(cache))

    first = start()
    slow = await collect(first, request)
    while first.stats().path == "torch fp32":
        await collect(first, request)
    fast = await collect(first, request)
    await first.aclose()
    second = start()
    assert second.stats().path == first.stats().path == "native fp32"
    assert (await collect(second, request)).texts == fast.texts == slow.texts
    await second.aclose()
