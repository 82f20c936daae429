from __future__ import annotations

import asyncio
import os
import signal
import stat
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from backends.local import LocalBackend, engine_arguments
from backends.protocol import BackendState, CompletionRequest
from config.errors import BackendUnavailable, EngineFailed, EngineRefused, NotFound
from config.sampling import SamplingOptions
from config.settings import LocalBackendSettings
from tests.backends.contract import PROMPT, ServerContract, Subject, complete, first_text, read, request
from tests.fakes.completions import DIE, QUEUED
from tests.fakes.engines import QUICK, local_backend


@asynccontextmanager
async def running(
    folder: Path, model: str = "fake", wait_for: BackendState | None = "ready"
) -> AsyncIterator[LocalBackend]:
    backend = local_backend(folder, model)
    try:
        if wait_for is not None:
            await backend.start()
            await reach(backend, wait_for)
        yield backend
    finally:
        await backend.aclose()


async def reach(backend: LocalBackend, state: BackendState) -> None:
    async with asyncio.timeout(30):
        while (await backend.health()).state != state:  # noqa: ASYNC110 (another process's state)
            await asyncio.sleep(0.01)


async def drain(events: AsyncIterator[object]) -> None:
    async for _ in events:
        pass


def modes(folder: Path) -> list[int]:
    """The permissions of what is in a folder."""
    return [stat.S_IMODE(entry.stat().st_mode) for entry in folder.iterdir()]


def exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


class TestLocal(ServerContract):
    @pytest.fixture
    async def subject(self, tmp_path: Path) -> AsyncIterator[Subject]:
        async with running(tmp_path) as backend:

            async def active() -> int:
                return (await backend.health()).running

            yield Subject(backend, active)


async def test_start_returns_at_once_and_health_tells_the_way(tmp_path: Path) -> None:
    async with running(tmp_path, wait_for=None) as backend:
        assert (await backend.health()).state == "asleep"
        await backend.start()
        assert (await backend.health()).state == "starting"
        await reach(backend, "ready")
        assert await backend.models() == ("fake-135m",)


async def test_first_request_starts_the_engine_and_tells_so_at_once(tmp_path: Path) -> None:
    async with running(tmp_path, "slow", wait_for=None) as backend:
        result = await complete(backend, request())
        assert result.progress[0].stage == "starting"
        assert result.progress[-1].stage == "running"
        assert result.end_of(0).completion_tokens == 8


async def test_loading_engine_says_how_far_it_is(tmp_path: Path) -> None:
    async with running(tmp_path, "slow", wait_for=None) as backend:
        await backend.start()
        async with asyncio.timeout(30):
            while (await backend.health()).detail != "Reading the model.":  # noqa: ASYNC110 (another process's state)
                await asyncio.sleep(0.01)
        async with aclosing(backend.stream(request())) as events:
            progress = await anext(events)
        assert 0 < progress.eta_s < 30


async def test_killed_engine_ends_streams_and_the_next_request_works(tmp_path: Path) -> None:
    async with running(tmp_path) as backend:
        pid = backend.engine_pid
        assert pid is not None
        streams = [backend.stream(request(length=50, seed=seed)) for seed in (1, 2)]
        for events in streams:
            await first_text(events)
        os.kill(pid, signal.SIGKILL)
        for events in streams:
            with pytest.raises(EngineFailed, match="The model process stopped"):
                await drain(events)
        assert (await complete(backend, request())).end_of(0).completion_tokens == 8
        assert backend.engine_pid not in (pid, None)


async def test_engine_that_dies_of_a_prompt_fails_that_prompt_only(tmp_path: Path) -> None:
    async with running(tmp_path) as backend:
        for _ in range(2):
            result = await read(backend, request(f"{DIE} {PROMPT}"))
            assert isinstance(result.error, EngineFailed)
        await complete(backend, request())


async def test_refused_model_is_told_in_its_own_words_and_not_started_again_at_once(tmp_path: Path) -> None:
    sentence = 'There is no model "missing"; try smollm2-135m.'
    async with running(tmp_path, "missing", wait_for="unavailable") as backend:
        assert (await backend.health()).detail == sentence
        with pytest.raises(EngineRefused) as caught:
            await complete(backend, request())
        assert caught.value.sentence == sentence
        assert 0 < (caught.value.retry_after_s or 0) <= QUICK.refused_s
        assert backend.engine_pid is None


async def test_engine_imports_nothing_from_the_folder_it_is_started_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.py").write_text("raise SystemExit('not yours')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    backend = LocalBackend("local", LocalBackendSettings(model="no.gguf"), tmp_path / "cache", tmp_path)
    result = await read(backend, request())
    await backend.aclose()
    assert str(result.error) == "There is no file no.gguf."


async def test_refused_model_is_tried_again_after_a_while(tmp_path: Path) -> None:
    async with running(tmp_path, "missing", wait_for="unavailable") as backend:
        await asyncio.sleep(QUICK.refused_s)
        result = await read(backend, request())
        assert result.progress, "it was not started"
        assert isinstance(result.error, BackendUnavailable)


async def test_engine_that_keeps_crashing_is_told_to_the_waiting(tmp_path: Path) -> None:
    async with running(tmp_path, "crashing", wait_for=None) as backend:
        result = await read(backend, request())
        assert isinstance(result.error, BackendUnavailable)
        assert "times in a row" in result.error.sentence
        assert (await backend.health()).state == "starting"


async def test_wedged_engine_is_killed_and_started_again(tmp_path: Path) -> None:
    async with running(tmp_path, "wedged", wait_for=None) as backend:
        await complete(backend, request())
        first = backend.engine_pid
        async with asyncio.timeout(30):
            while backend.engine_pid in (first, None):  # noqa: ASYNC110 (another process's state)
                await asyncio.sleep(0.02)
        await complete(backend, request())


async def test_closing_leaves_no_process_and_no_folder(tmp_path: Path) -> None:
    async with running(tmp_path) as backend:
        pid = backend.engine_pid
        assert pid is not None
        assert modes(tmp_path) == [0o700]
    assert not exists(pid)
    assert modes(tmp_path) == []
    assert (await backend.health()).state == "unavailable"
    await backend.start()
    assert backend.engine_pid is None


async def test_closing_kills_an_engine_that_ignores_sigterm(tmp_path: Path) -> None:
    backend = local_backend(tmp_path, "stubborn", replace(QUICK, grace_s=0.2))
    await complete(backend, request())
    pid = backend.engine_pid
    await backend.aclose()
    assert pid is not None
    assert not exists(pid)


async def test_closing_while_it_starts_ends_the_waiting(tmp_path: Path) -> None:
    async with running(tmp_path, "slow", wait_for=None) as backend:
        events = backend.stream(request())
        await anext(events)
        waiting = asyncio.create_task(anext(events))
        await asyncio.sleep(0)
        pid = backend.engine_pid
        await backend.aclose()
        with pytest.raises(BackendUnavailable):
            await waiting
    assert pid is None or not exists(pid)


async def test_missing_program_is_one_sentence(tmp_path: Path) -> None:
    settings = LocalBackendSettings()
    backend = LocalBackend("local", settings, tmp_path, tmp_path, command=("no-such-program-here",))
    with pytest.raises(BackendUnavailable, match="I can't start the model process"):
        await complete(backend, request())
    await backend.aclose()


async def test_other_model_is_refused_by_name(tmp_path: Path) -> None:
    async with running(tmp_path, wait_for=None) as backend:
        asked = CompletionRequest("r", "a", SamplingOptions(seed=1), model="gpt2")
        with pytest.raises(NotFound, match='local has no model "gpt2"; it has fake'):
            await complete(backend, asked)


async def test_long_runtime_folder_still_gives_a_short_socket_path(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 120)
    async with running(deep) as backend:
        await complete(backend, request())
    assert modes(deep) == []


async def test_closing_a_stream_early_leaves_the_engine_running(tmp_path: Path) -> None:
    async with running(tmp_path) as backend:
        pid = backend.engine_pid
        async with aclosing(backend.stream(request(length=50))) as events:
            await first_text(events)
        await complete(backend, request())
        assert backend.engine_pid == pid


async def test_waiting_in_the_engine_is_told(tmp_path: Path) -> None:
    async with running(tmp_path) as backend:
        result = await complete(backend, request(f"{QUEUED} {PROMPT}"))
    assert {(progress.stage, progress.position) for progress in result.progress} == {("queued", 2)}


def test_flags_of_the_engine() -> None:
    settings = LocalBackendSettings(model="gpt2", threads=3)
    arguments = engine_arguments(settings, Path("/run/e.sock"), Path("/cache"))
    assert " ".join(arguments) == (
        "--model gpt2 --max-running 16 --max-waiting 64 --precision auto --cache-mb 256 --cache-dir /cache --threads 3"
        " --socket /run/e.sock --exit-with-parent"
    )


async def test_the_engine_explains_once_it_has_started(tmp_path: Path) -> None:
    async with running(tmp_path, wait_for=None) as backend:
        explanation = await backend.explain(request(samples=1, length=3), None)
        assert [each.written for each in explanation.tokens][-4:] == [False, True, True, True]
        assert explanation.kept is not None
        assert await backend.explain(request(samples=1, length=3), " paper")
        with pytest.raises(NotFound):
            await backend.explain(replace(request(), model="other"), None)
