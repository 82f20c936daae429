"""Which runner serves: the fast one at once, later, or never."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from config.sampling import SamplingOptions
from generation.engine import BatchingEngine
from generation.engine_builder import EngineSetup, build_engine
from generation.fast_path import FastPath, NoFastRunner, RunnerPlan
from generation.load_progress import LoadProgress
from generation.model_source import find_source
from generation.runner import Runner
from generation.types import EngineLimits
from tests.fakes.engine_requests import build_request, collect
from tests.fakes.recording_runner import RecordingRunner
from tests.fakes.saved_models import save_tiny_gpt2
from tests.fakes.tiny_models import build_tiny_gpt2

REQUEST = build_request((5, 6), SamplingOptions(seed=1, length=5))


class FastBuilder:
    """`at_once` and `later` are what comes of each try: a runner, none, or an error. `gate` holds the later one up."""

    def __init__(self, at_once: Runner | Exception | None, later: Runner | Exception | None = None) -> None:
        self.plans: list[RunnerPlan] = []
        self.learned = 0
        self.prepared = 0
        self.gate = threading.Event()
        self._at_once = at_once
        self._later = later

    def __call__(self, plan: RunnerPlan, *, at_once: bool) -> Runner | None:
        self.plans.append(plan)
        if not at_once:
            assert self.gate.wait(30)
        outcome = self._at_once if at_once else self._later
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def prepare(self) -> None:
        self.prepared += 1

    def learn(self, plan: RunnerPlan) -> None:
        self.learned += 1


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_gpt2(tmp_path_factory.mktemp("models") / "tiny")


def build(folder: Path, fast: FastBuilder | None, precision="auto", patience_s: float = 0.0) -> BatchingEngine:
    setup = EngineSetup(EngineLimits(max_running=2), precision, patience_s=patience_s)
    return build_engine(find_source(str(folder)), folder.parent / "cache", setup, LoadProgress(), fast)


def plan_for(precision="auto") -> RunnerPlan:
    return RunnerPlan(build_tiny_gpt2(), Path("/nowhere"), EngineLimits(), precision, 1)


async def test_without_a_fast_path_the_network_serves_and_nothing_is_said(folder: Path) -> None:
    with capture_logs() as logs:
        engine = build(folder, None)
    assert engine.stats().path == "torch fp32"
    assert (await collect(engine, REQUEST)).ends
    assert logs == []
    await engine.aclose()


async def test_a_warm_fast_path_serves_from_the_beginning_without_the_weights(folder: Path, tmp_path: Path) -> None:
    weightless = save_tiny_gpt2(tmp_path / "tiny")
    (weightless / "model.safetensors").write_bytes(b"no weights that transformers could read")
    fast = FastBuilder(RecordingRunner("fast"))
    engine = build(weightless, fast, "int8")
    assert engine.stats().path == "fast"
    assert (await collect(engine, REQUEST)).ends
    [plan] = fast.plans
    assert (plan.folder, plan.precision, plan.model.name, plan.limits.max_running) == (weightless, "int8", "tiny", 2)
    await engine.aclose()


async def test_a_cold_fast_path_takes_over_when_it_is_built(folder: Path) -> None:
    runner = RecordingRunner("fast")
    fast = FastBuilder(None, runner)
    engine = build(folder, fast)
    slow = await collect(engine, REQUEST)
    assert engine.stats().path == "torch fp32"
    fast.gate.set()
    while not runner.opened:
        answer = await collect(engine, REQUEST)
    assert answer.texts != slow.texts
    assert engine.stats().path == "fast"
    await engine.aclose()


async def test_a_fast_path_built_in_time_serves_from_the_first_text(folder: Path) -> None:
    fast = FastBuilder(None, RecordingRunner("fast"))
    fast.gate.set()
    engine = build(folder, fast, patience_s=60.0)
    assert (fast.prepared, fast.learned) == (1, 1)
    assert engine.stats().path == "fast"
    assert (await collect(engine, REQUEST)).ends
    await engine.aclose()


@pytest.mark.parametrize(
    ("precision", "event"),
    [("auto", "fast_path_unavailable"), ("fp32", "fast_path_unavailable"), ("bf16", "served_in_fp32")],
)
@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        (NoFastRunner("there is no C++ compiler"), "there is no C++ compiler"),
        (OSError("bad library\nx"), "OSError: bad library"),
    ],
)
def test_a_fast_path_that_can_not_be_is_told_once(problem: Exception, reason: str, precision, event: str) -> None:
    received: list[Runner] = []
    for fast in (FastBuilder(problem), FastBuilder(None, problem)):
        fast.gate.set()
        path = FastPath(fast, plan_for(precision))
        with capture_logs() as logs:
            assert path.begin() is None
            later = path.build_later()
            if later is not None:
                assert later.result() is None
                path.hand_over(later, received.append)
        [said] = [line for line in logs if line["log_level"] != "debug"]
        assert (said["event"], said["reason"], said["log_level"]) == (event, reason, "warning")
    assert received == []


@pytest.mark.parametrize(("precision", "lines"), [("auto", 0), ("fp32", 0), ("int8", 1), ("bf16", 1)])
def test_a_precision_that_can_not_be_had_is_told(precision, lines: int) -> None:
    with capture_logs() as logs:
        path = FastPath(None, plan_for(precision))
        assert path.begin() is None
        assert path.build_later() is None
    assert [line["asked_for"] for line in logs] == [precision] * lines


def test_a_runner_that_is_refused_is_told() -> None:
    fast = FastBuilder(None, RecordingRunner())
    fast.gate.set()

    def refuse(runner: Runner) -> None:
        raise ValueError("another model's")

    with capture_logs() as logs:
        path = FastPath(fast, plan_for())
        path.begin()
        later = path.build_later()
        assert later is not None
        assert later.result() is not None
        path.hand_over(later, refuse)
    assert [line["reason"] for line in logs if line["log_level"] == "warning"] == ["ValueError: another model's"]
