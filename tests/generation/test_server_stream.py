"""Streams: what they carry, how they wait, and what happens when one end leaves."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any

import pytest

from generation.types import EngineLimits
from tests.fakes.fragile_model import build_fragile_gpt2
from tests.fakes.served_engine import Served, serve_engine
from tests.fakes.tiny_models import NetworkModel, build_tiny_gpt2

PROMPT = "Once upon a time"
LONG = {"prompt": PROMPT, "max_tokens": 480, "seed": 1}


@pytest.fixture(scope="module")
def loaded() -> NetworkModel:
    return build_tiny_gpt2()


@pytest.fixture
async def served(loaded: NetworkModel) -> AsyncIterator[Served]:
    async with serve_engine(loaded) as served:
        yield served


async def read_stream(served: Served, **body: Any) -> tuple[list[dict[str, Any]], bytes]:
    """The chunks before [DONE], and everything as it came."""
    async with served.http.post(f"{served.url}/completions", json={**body, "stream": True}) as response:
        assert response.status == 200
        assert response.headers["Content-Type"].startswith("text/event-stream")
        raw = await response.read()
    events = [event for event in raw.decode().split("\n\n") if event.startswith("data: ")]
    assert events.pop() == "data: [DONE]"
    return [json.loads(event.removeprefix("data: ")) for event in events], raw


def join(chunks: list[dict[str, Any]]) -> dict[int, str]:
    texts: dict[int, str] = defaultdict(str)
    for chunk in chunks:
        for choice in chunk["choices"]:
            texts[choice["index"]] += choice["text"]
    return texts


async def test_deltas_join_to_the_whole_answer(served: Served) -> None:
    body = {"prompt": ["one", "two"], "n": 2, "seed": 7, "max_tokens": 30, "stop": ["\n"], "logprobs": 1, "echo": True}
    chunks, _ = await read_stream(served, **body)
    whole = await served.complete(**body)
    assert join(chunks) == {choice["index"]: choice["text"] for choice in whole["choices"]}
    ends = [choice for chunk in chunks for choice in chunk["choices"] if choice["finish_reason"]]
    assert sorted(end["index"] for end in ends) == [0, 1, 2, 3]
    for end in ends:
        expected = whole["choices"][end["index"]]
        for name in ("finish_reason", "stop_reason", "completion_tokens", "seed"):
            assert end[name] == expected[name]
    tokens = defaultdict(list)
    for chunk in chunks:
        for choice in chunk["choices"]:
            tokens[choice["index"]] += (choice["logprobs"] or {"tokens": []})["tokens"]
    assert tokens == {choice["index"]: choice["logprobs"]["tokens"] for choice in whole["choices"]}
    assert len({chunk["id"] for chunk in chunks}) == 1


async def test_usage_comes_last_when_asked_for(served: Served) -> None:
    chunks, _ = await read_stream(served, prompt=PROMPT, seed=1, stream_options={"include_usage": True})
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"] == {"prompt_tokens": 16, "completion_tokens": 16, "total_tokens": 32}
    assert all(chunk["usage"] is None for chunk in chunks[:-1])
    plain, _ = await read_stream(served, prompt=PROMPT, seed=1)
    assert "usage" not in plain[-1]


async def test_characters_stay_whole(served: Served) -> None:
    chunks, raw = await read_stream(served, prompt="é🖋漢", echo=True, max_tokens=60, seed=3)
    assert join(chunks)[0].startswith("é🖋漢")
    assert "é🖋漢".encode() in raw


async def test_scored_prompt(served: Served) -> None:
    chunks, _ = await read_stream(served, prompt=PROMPT, echo=True, max_tokens=0, logprobs=0)
    (choice,) = chunks[0]["choices"]
    assert (choice["text"], choice["finish_reason"], len(choice["logprobs"]["tokens"])) == (PROMPT, "length", 16)


async def test_errors_before_the_first_event_have_a_status(served: Served) -> None:
    status, answer = await served.post({"prompt": "x" * 600, "stream": True})
    assert (status, answer["error"]["code"]) == (400, "context_length_exceeded")
    status, answer = await served.post({"prompt": [70_000], "stream": True})
    assert (status, answer["error"]["param"]) == (400, "prompt")


async def test_error_in_the_middle_comes_inside_the_stream() -> None:
    loaded, failures = build_fragile_gpt2()
    async with serve_engine(loaded) as served:
        body = {"prompt": PROMPT, "max_tokens": 400, "stream": True, "seed": 1}
        async with served.http.post(f"{served.url}/completions", json=body) as response:
            await response.content.readuntil(b"\n\n")
            failures.append("step")
            rest = (await response.read()).decode()
        *_, error, done = [event for event in rest.split("\n\n") if event]
        assert done == "data: [DONE]"
        assert json.loads(error.removeprefix("data: "))["error"] == {
            "message": "The model broke while writing; try again.",
            "type": "server_error",
            "param": None,
            "code": "engine_failed",
        }
        # A whole answer fails with a status; the next one is fine.
        failures.append("step")
        assert (await served.post({"prompt": PROMPT}))[0] == 500
        assert (await served.post({"prompt": PROMPT}))[0] == 200
        async with served.http.get(served.url.removesuffix("/v1") + "/metrics") as response:
            assert "inkling_broken_streams_total 1.0" in await response.text()


@pytest.mark.parametrize("stream", [True, False])
async def test_a_client_that_leaves_frees_its_rows(served: Served, stream: bool) -> None:
    request = asyncio.create_task(served.post({**LONG, "n": 3, "stream": stream}))
    await served.settle(lambda stats: stats.running == 3)
    request.cancel()
    await served.settle(lambda stats: stats.running == stats.waiting == 0)
    # Freed because it left, not because it was done.
    assert served.engine.stats().completion_tokens_total < 3 * 480


async def test_a_client_that_leaves_the_queue_is_forgotten(loaded: NetworkModel) -> None:
    async with serve_engine(loaded, EngineLimits(max_running=1, max_waiting=4)) as served:
        first = asyncio.create_task(served.post(LONG))
        await served.settle(lambda stats: stats.running == 1)
        second = asyncio.create_task(served.post(LONG))
        await served.settle(lambda stats: stats.waiting == 1)
        second.cancel()
        await served.settle(lambda stats: stats.waiting == 0)
        assert not first.done()
        first.cancel()


async def test_waiting_shows_signs_of_life(loaded: NetworkModel) -> None:
    async with serve_engine(loaded, EngineLimits(max_running=1, max_waiting=4), heartbeat_s=0.01) as served:
        first = asyncio.create_task(served.post(LONG))
        await served.settle(lambda stats: stats.running == 1)
        async with served.http.post(
            f"{served.url}/completions", json={"prompt": PROMPT, "stream": True, "max_tokens": 3}
        ) as response:
            assert await response.content.readline() == b": waiting\n"
            first.cancel()
            assert (await response.read()).endswith(b"data: [DONE]\n\n")


async def test_full_queue(loaded: NetworkModel) -> None:
    async with serve_engine(loaded, EngineLimits(max_running=1, max_waiting=1)) as served:
        open_requests = [asyncio.create_task(served.post(LONG))]
        await served.settle(lambda stats: stats.running == 1)
        open_requests.append(asyncio.create_task(served.post(LONG)))
        await served.settle(lambda stats: stats.waiting == 1)
        for stream in (True, False):
            body = {"prompt": PROMPT, "stream": stream}
            async with served.http.post(f"{served.url}/completions", json=body) as response:
                error = (await response.json())["error"]
                assert response.status == 429
                assert int(response.headers["Retry-After"]) >= 1
            assert (error["type"], error["code"]) == ("overloaded_error", "overloaded")
            assert error["message"].startswith("The queue is full (1 waiting). Try again in about")
        for request in open_requests:
            request.cancel()
        await served.settle(lambda stats: stats.running == stats.waiting == 0)
        assert (await served.post({"prompt": PROMPT}))[0] == 200


async def test_shutting_down_ends_streams_with_an_error(loaded: NetworkModel) -> None:
    async with serve_engine(loaded) as served:
        async with served.http.post(f"{served.url}/completions", json={**LONG, "stream": True}) as response:
            await response.content.readuntil(b"\n\n")
            await served.engine.aclose()
            assert b'"message": "The model was shut down."' in await response.read()
        status, answer = await served.post({"prompt": PROMPT})
        assert (status, answer["error"]["message"]) == (500, "The model is shutting down.")
