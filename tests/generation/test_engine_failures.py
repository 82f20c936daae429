"""What breaks ends with a sentence; everything else goes on."""

from __future__ import annotations

import asyncio
import time

import pytest

from config.errors import EngineFailed
from config.sampling import SamplingOptions
from generation.engine import BatchingEngine
from generation.load_progress import LoadProgress
from generation.model_host import ModelHost
from generation.types import Engine, EngineLimits
from tests.fakes.engine_requests import build_request, collect
from tests.fakes.fragile_model import build_fragile_gpt2
from tests.fakes.tiny_models import build_tiny_gpt2
from tests.fakes.torch_engine import build_torch_engine

OPTIONS = SamplingOptions(length=120, samples=2, seed=1)


@pytest.fixture
async def fragile():
    loaded, failures = build_fragile_gpt2()
    engine = build_torch_engine(loaded, EngineLimits(max_running=8))
    yield engine, failures
    await engine.aclose()


async def start(engine: BatchingEngine, prompt: tuple[int, ...]) -> asyncio.Task:
    started = asyncio.Event()
    task = asyncio.create_task(collect(engine, build_request(prompt, OPTIONS), started))
    await started.wait()
    return task


def wait_for_the_end(engine: Engine) -> None:
    """It has said its last word, and is about to end."""
    while engine.alive:
        time.sleep(0.001)


async def write_soundly(prompt: tuple[int, ...]) -> dict[int, str]:
    engine = build_torch_engine(build_tiny_gpt2(), EngineLimits())
    texts = (await collect(engine, build_request(prompt, OPTIONS))).texts
    await engine.aclose()
    return texts


@pytest.mark.parametrize(("failure", "sentence"), [("step", "broke while writing"), ("memory", "out of memory")])
async def test_a_broken_step_ends_its_requests_and_the_next_ones_work(fragile, failure: str, sentence: str) -> None:
    engine, failures = fragile
    tasks = [await start(engine, (5, 6)), await start(engine, (7, 8, 9))]
    failures.append(failure)
    for task in tasks:
        with pytest.raises(EngineFailed, match=sentence):
            await task
    assert engine.stats().running == engine.stats().waiting == 0
    assert (await collect(engine, build_request((5, 6), OPTIONS))).texts == await write_soundly((5, 6))


async def test_a_broken_prompt_ends_that_request_only(fragile) -> None:
    engine, failures = fragile
    other = await start(engine, (7, 8, 9))
    failures.append("prompt")
    with pytest.raises(EngineFailed, match="broke while writing"):
        await collect(engine, build_request((5, 6), OPTIONS))
    assert (await other).texts == await write_soundly((7, 8, 9))


async def test_numbers_that_are_none_end_that_request_only(fragile) -> None:
    engine, failures = fragile
    tasks = [await start(engine, (5, 6)), await start(engine, (7, 8, 9))]
    failures.append("numbers")
    with pytest.raises(EngineFailed):
        await tasks[0]
    assert (await tasks[1]).texts == await write_soundly((7, 8, 9))


async def test_failures_fall_on_waiting_samples_too(fragile) -> None:
    engine, failures = fragile
    started = asyncio.Event()
    request = build_request((5, 6), SamplingOptions(length=60, samples=20, seed=1))
    task = asyncio.create_task(collect(engine, request, started))
    await started.wait()
    failures.append("step")
    with pytest.raises(EngineFailed):
        await task
    assert engine.stats().running == engine.stats().waiting == 0


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_a_thread_that_broke_is_told() -> None:
    loaded, failures = build_fragile_gpt2()
    host = ModelHost("fragile", EngineLimits(), LoadProgress())
    await host.load(lambda: build_torch_engine(loaded, EngineLimits()))
    host.check()
    task = await start(host.service.engine, (5, 6))
    failures.append("thread")
    with pytest.raises(EngineFailed):
        await task
    await asyncio.to_thread(wait_for_the_end, host.service.engine)
    with pytest.raises(EngineFailed, match="The thread that runs fragile broke"):
        host.check()


def test_an_event_loop_that_is_gone_frees_its_rows() -> None:
    engine = build_torch_engine(build_tiny_gpt2(), EngineLimits())
    loop = asyncio.new_event_loop()
    events = engine.generate(build_request((5, 6), SamplingOptions(length=500, samples=4, seed=1)))
    loop.run_until_complete(anext(events))
    loop.close()
    asyncio.run(collect(engine, build_request((5, 6), SamplingOptions(length=2, seed=1))))
    assert engine.stats().running == 0
    asyncio.run(engine.aclose())
