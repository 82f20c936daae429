"""The local backend with the real engine and a real model: about 270 MB of weights, on the CPU."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import signal
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest
from platformdirs import user_cache_dir

from backends.local import LocalBackend
from config.errors import BackendUnavailable, EngineFailed, PromptTooLong
from config.settings import LocalBackendSettings
from tests.backends.contract import complete, eventually, first_text, read, request

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(importlib.util.find_spec("generation.__main__") is None, reason="there is no engine here"),
]

PROMPT = "Once upon a time there was a lighthouse keeper who"


@pytest.fixture
async def backend(tmp_path: Path) -> AsyncIterator[LocalBackend]:
    settings = LocalBackendSettings(model="smollm2-135m", threads=2)
    local = LocalBackend("local", settings, Path(user_cache_dir("inkling")), tmp_path)
    yield local
    await local.aclose()


async def test_real_engine_from_cold_to_killed_and_back(backend: LocalBackend) -> None:
    first = await complete(backend, request(PROMPT, length=12, samples=2, seed=5))
    assert first.progress[0].stage == "starting"
    assert all(first.texts[sample].strip() for sample in range(2))
    assert all(first.end_of(sample).completion_tokens == 12 for sample in range(2))
    alone = await complete(backend, request(PROMPT, length=12, seed=6))
    assert alone.texts[0] == first.texts[1]

    stop = first.texts[0].split()[3]
    stopped = await complete(backend, request(PROMPT, length=12, seed=5, stop=[stop]))
    assert stopped.texts[0] == first.texts[0][: first.texts[0].index(stop)]
    assert (stopped.end_of(0).finish_reason, stopped.end_of(0).stop_reason) == ("stop", stop)

    with pytest.raises(PromptTooLong):
        await complete(backend, request("word " * 9000, length=12))
    kept = await complete(backend, request("word " * 9000, length=4, keep_last=20))
    assert kept.end_of(0).completion_tokens == 4

    async def running() -> int:
        return (await backend.health()).running

    async with aclosing(backend.stream(request(PROMPT, length=400))) as events:
        await first_text(events)
    await eventually(running, 0)

    reader = asyncio.create_task(read(backend, request(PROMPT, length=400)))
    await eventually(running, 1)
    pid = backend.engine_pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert isinstance((await reader).error, EngineFailed)
    again = await complete(backend, request(PROMPT, length=12, samples=2, seed=5))
    assert again.texts == first.texts


async def test_real_engine_refuses_a_model_it_cannot_find(tmp_path: Path) -> None:
    local = LocalBackend("local", LocalBackendSettings(model="no-such-model-anywhere"), tmp_path, tmp_path)
    result = await read(local, request(PROMPT))
    await local.aclose()
    assert isinstance(result.error, BackendUnavailable)
    assert "no-such-model-anywhere" in result.error.sentence
