"""Big bodies and a busy engine: nothing may hold up the event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from generation.types import EngineLimits
from tests.fakes.served_engine import Served, serve_engine
from tests.fakes.tiny_models import NetworkModel, build_tiny_gpt2

PATIENCE_S = 0.25
MEASURED_S = 1.5


@pytest.fixture(scope="module")
def loaded() -> NetworkModel:
    return build_tiny_gpt2()


@pytest.fixture
async def served(loaded: NetworkModel) -> AsyncIterator[Served]:
    async with serve_engine(loaded, EngineLimits(max_running=16, max_waiting=512)) as served:
        yield served


async def health_s(served: Served) -> float:
    began = time.perf_counter()
    async with served.http.get(served.url.removesuffix("/v1") + "/health") as response:
        assert (await response.json())["status"] == "ok"
    return time.perf_counter() - began


async def test_body_over_the_limit(served: Served) -> None:
    status, answer = await served.post(b"x" * (16 * 2**20 + 1))
    assert (status, answer["error"]["code"]) == (413, "body_too_large")


@pytest.mark.slow
async def test_prompt_of_ten_megabytes(served: Served) -> None:
    prompt = "word and " * 1_200_000
    request = asyncio.create_task(served.post({"prompt": prompt}))
    longest = 0.0
    while not request.done():
        longest = max(longest, await health_s(served))
    status, answer = await request
    assert (status, answer["error"]["code"]) == (400, "context_length_exceeded")
    assert answer["error"]["prompt_tokens"] == len(prompt)
    # The client of this test builds and sends the body on the same loop; a standstill would last for seconds.
    assert longest < 1.5


async def test_an_answer_that_would_be_too_large_is_refused_at_once(served: Served) -> None:
    error = await served.refusal(prompt=["a"] * 256, n=32, logprobs=20, next_tokens=100)
    assert error["param"] == "logprobs"
    assert "holds up to 1,000,000; give fewer prompts, or a smaller n, max_tokens, next_tokens or" in error["message"]
    assert served.engine.stats().steps_total == 0


@pytest.mark.slow
@pytest.mark.parametrize("stream", [False, True])
async def test_health_while_a_large_answer_is_made(served: Served, stream: bool) -> None:
    body = {"prompt": ["a"] * 256, "n": 4, "logprobs": 20, "next_tokens": 99, "stream": stream}

    async def read() -> int:
        async with served.http.post(f"{served.url}/completions", json=body) as response:
            assert response.status == 200
            return sum([len(piece) async for piece in response.content.iter_any()])

    reader = asyncio.create_task(read())
    times = [await health_s(served)]
    while not reader.done():
        times.append(await health_s(served))
        await asyncio.wait({reader}, timeout=0.02)
    assert await reader > 15_000_000
    # Made in one go at the end, it would hold everybody up for seconds.
    assert max(times) < 1.0


async def test_health_while_the_engine_is_saturated(served: Served) -> None:
    # Far more than can be written while this measures: rows that end at once have successors.
    bodies = [
        {"prompt": "Once upon a time", "max_tokens": 480, "n": 8, "seed": 8 * i, "stream": True} for i in range(48)
    ]

    async def read(body: dict) -> None:
        async with served.http.post(f"{served.url}/completions", json=body) as response:
            await response.read()

    readers = [asyncio.create_task(read(body)) for body in bodies]
    await served.settle(lambda stats: stats.running == 16)
    times: list[float] = []
    until = time.perf_counter() + MEASURED_S
    while time.perf_counter() < until:
        times.append(await health_s(served))
    assert served.engine.stats().waiting > 0, "the engine was not busy all the time"
    for reader in readers:
        reader.cancel()
    # A few may fall into a pause of the machine; the service as such may not be slow.
    assert sorted(times)[-3] < PATIENCE_S
