"""Another runner takes over while the engine works: nothing is lost, nothing is written by two."""

from __future__ import annotations

import asyncio
import weakref

import pytest

from config.sampling import SamplingOptions
from generation.engine import BatchingEngine
from generation.types import EngineLimits
from tests.fakes.engine_requests import build_request, collect
from tests.fakes.recording_runner import RecordingRunner
from tests.fakes.tiny_models import build_tiny_gpt2
from tests.fakes.torch_engine import build_torch_runner

LONG = SamplingOptions(temperature=0, seed=1, length=40)
MANY = SamplingOptions(seed=1, length=12, samples=9)


@pytest.fixture(scope="module")
def loaded():
    return build_tiny_gpt2()


async def write(loaded, runner: RecordingRunner, *prompts: tuple[int, ...], options=MANY) -> list[dict[int, str]]:
    """What this runner alone writes."""
    engine = BatchingEngine(loaded, runner, EngineLimits(max_running=2))
    texts = [(await collect(engine, build_request(prompt, options))).texts for prompt in prompts]
    await engine.aclose()
    return texts


async def test_what_has_begun_ends_in_the_old_runner_and_the_rest_goes_to_the_new_one(loaded) -> None:
    old, new = RecordingRunner("old"), RecordingRunner("new", written=5)
    engine = BatchingEngine(loaded, old, EngineLimits(max_running=2))
    old.gate.clear()
    tasks = [asyncio.create_task(collect(engine, build_request((place,), MANY))) for place in (1, 2, 3)]
    await asyncio.to_thread(old.stepping.wait, 30)
    # The first request runs, two of its nine samples at a time; it is held up in a step.
    engine.replace_runner(new)
    assert engine.stats().path == "old"
    old.gate.set()
    answers = [(await task).texts for task in tasks]
    assert engine.stats().path == "new"
    assert (old.opened, new.opened) == ([(1,)], [(2,), (3,)])
    assert old.empty
    assert new.empty
    assert answers[:1] == await write(loaded, RecordingRunner(), (1,))
    assert answers[1:] == await write(loaded, RecordingRunner(written=5), (2,), (3,))
    await engine.aclose()


async def test_an_idle_engine_changes_at_once_and_the_old_runner_goes(loaded) -> None:
    old = build_torch_runner(loaded, EngineLimits())
    engine = BatchingEngine(loaded, old, EngineLimits())
    await collect(engine, build_request((1, 2), LONG))
    gone = asyncio.Event()
    weakref.finalize(old, asyncio.get_running_loop().call_soon_threadsafe, gone.set)
    del old
    engine.replace_runner(RecordingRunner("new"))
    await asyncio.wait_for(gone.wait(), 30)
    assert (await collect(engine, build_request((1, 2), LONG))).ends
    assert engine.stats().path == "new"
    await engine.aclose()


async def test_an_abort_while_it_waits_for_the_change(loaded) -> None:
    old, new = RecordingRunner("old"), RecordingRunner("new")
    engine = BatchingEngine(loaded, old, EngineLimits(max_running=2))
    old.gate.clear()
    tasks = [asyncio.create_task(collect(engine, build_request((place,), MANY))) for place in (1, 2, 3)]
    await asyncio.to_thread(old.stepping.wait, 30)
    engine.replace_runner(new)
    for task in tasks[:2]:
        task.cancel()
    await asyncio.gather(*tasks[:2], return_exceptions=True)
    old.gate.set()
    assert len((await tasks[2]).ends) == 9
    assert new.opened == [(3,)]
    assert old.empty
    await engine.aclose()


async def test_a_failing_step_does_not_stop_the_change(loaded) -> None:
    old, new = RecordingRunner("old"), RecordingRunner("new")
    engine = BatchingEngine(loaded, old, EngineLimits(max_running=2))
    old.gate.clear()
    old.failures.append("decode")
    tasks = [asyncio.create_task(collect(engine, build_request((place,), MANY))) for place in (1, 2, 3)]
    await asyncio.to_thread(old.stepping.wait, 30)
    engine.replace_runner(new)
    old.gate.set()
    failed, *written = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(failed, Exception)
    assert [len(answer.ends) for answer in written] == [9, 9]
    # The second one began in the very step that failed.
    assert (old.opened, new.opened) == ([(1,), (2,)], [(3,)])
    await engine.aclose()


async def test_the_last_of_several_is_taken_and_a_closed_engine_takes_none(loaded) -> None:
    old, middle, new = RecordingRunner("old"), RecordingRunner("middle"), RecordingRunner("new")
    engine = BatchingEngine(loaded, old, EngineLimits(max_running=2))
    old.gate.clear()
    task = asyncio.create_task(collect(engine, build_request((1,), LONG)))
    await asyncio.to_thread(old.stepping.wait, 30)
    engine.replace_runner(middle)
    engine.replace_runner(new)
    old.gate.set()
    await task
    await collect(engine, build_request((2,), LONG))
    assert (middle.opened, new.opened) == ([], [(2,)])
    await engine.aclose()
    engine.replace_runner(middle)
    assert engine.stats().path == "new"


async def test_another_models_runner_is_refused(loaded) -> None:
    engine = BatchingEngine(loaded, RecordingRunner(), EngineLimits())
    with pytest.raises(ValueError, match="a vocabulary of 300 tokens can't replace one of 257"):
        engine.replace_runner(RecordingRunner(vocabulary=300))
    await engine.aclose()


async def test_closing_while_the_change_waits(loaded) -> None:
    old, new = RecordingRunner("old"), RecordingRunner("new")
    engine = BatchingEngine(loaded, old, EngineLimits(max_running=2))
    old.gate.clear()
    task = asyncio.create_task(collect(engine, build_request((1,), MANY)))
    await asyncio.to_thread(old.stepping.wait, 30)
    engine.replace_runner(new)
    closing = asyncio.create_task(engine.aclose())
    old.gate.set()
    await closing
    assert isinstance((await asyncio.gather(task, return_exceptions=True))[0], Exception)
    assert old.empty
    assert new.opened == []
