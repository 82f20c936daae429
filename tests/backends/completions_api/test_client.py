from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from backends.completions_api.client import DONE, OpenAIClient, StreamItem
from backends.completions_api.errors import ConnectionLost, ServerUnreachable
from backends.deadline import Deadline
from config.errors import BackendUnavailable, DeadlineExceeded, EngineFailed, InklingError, Overloaded
from tests.fakes.openai_server import serve

BODY: dict[str, Any] = {"prompt": "Once", "max_tokens": 4, "stream": True}
TEXT = b'data: {"choices":[{"index":0,"text":"a"}]}\n\n'
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def plain(status: int, text: str = "", **headers: str) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, text=text, headers={"Content-Type": "text/html", **names})

    return answer


def stream(*chunks: bytes, hang: bool = False) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
        if hang:
            await asyncio.Event().wait()
        return response

    return answer


@dataclass
class Scripted:
    """Answers one after the other, the last one again and again."""

    answers: list[Answer]
    requests: list[web.Request] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        return await self.answers[min(len(self.requests), len(self.answers)) - 1](request)


@asynccontextmanager
async def client_of(*answers: Answer, **settings: Any) -> AsyncIterator[tuple[OpenAIClient, Scripted]]:
    script = Scripted(list(answers))
    app = web.Application()
    app.router.add_post("/v1/completions", script.answer)
    app.router.add_get("/v1/models", script.answer)
    app.router.add_get("/health", script.answer)
    async with serve(app) as url:
        client = OpenAIClient("main", url, retry_pauses_s=(0.01, 0.01), **settings)
        yield client, script
        await client.aclose()


async def read(client: OpenAIClient, deadline_s: float = 30.0) -> list[StreamItem]:
    async with aclosing(client.stream(BODY, Deadline(deadline_s))) as items:
        return [item async for item in items]


async def text_of(client: OpenAIClient) -> str:
    return "".join(choice.text for item in await read(client) if item != DONE for choice in item.choices)


@pytest.mark.parametrize("status", [502, 503, 429])
async def test_tries_again_before_the_first_byte(status: int) -> None:
    async with client_of(plain(status), plain(status), stream(TEXT)) as (client, script):
        assert await text_of(client) == "a"
        assert len(script.requests) == 3


async def test_gives_up_after_two_more_tries() -> None:
    async with client_of(plain(503)) as (client, script):
        with pytest.raises(ServerUnreachable):
            await read(client)
        assert len(script.requests) == 3


@pytest.mark.parametrize("status", [400, 401, 404, 500, 504, 302])
async def test_other_refusals_are_final(status: int) -> None:
    async with client_of(plain(status, Location="/elsewhere")) as (client, script):
        with pytest.raises(InklingError):
            await read(client)
        assert len(script.requests) == 1


async def test_short_retry_after_is_waited_for() -> None:
    async with client_of(plain(429, Retry_After="0"), stream(TEXT)) as (client, _):
        assert await text_of(client) == "a"


async def test_long_retry_after_is_told() -> None:
    async with client_of(plain(429, Retry_After="30")) as (client, script):
        with pytest.raises(Overloaded) as caught:
            await read(client)
        assert caught.value.retry_after_s == 30
        assert len(script.requests) == 1


async def test_nothing_listening_is_one_sentence() -> None:
    client = OpenAIClient("main", "http://127.0.0.1:1/v1", retry_pauses_s=(0.01, 0.01))
    with pytest.raises(ServerUnreachable, match="Nothing answers for main at http://127"):
        await read(client)
    await client.aclose()


async def test_break_after_the_first_byte_is_not_tried_again() -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        response = await stream(TEXT)(request)
        assert request.transport is not None
        request.transport.abort()
        return response

    async with client_of(cut) as (client, script):
        with pytest.raises(ConnectionLost):
            await read(client)
        assert len(script.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        stream(b"data: {not json}\n\n"),
        stream(b"data: []\n\n"),
        stream(b'data: {"choices": "none"}\n\n'),
        stream(b"data: " + b"[" * 100_000 + b"\n\n"),
        stream(b"data: " + b"a" * 5_000_000),
    ],
    ids=["not-json", "array", "wrong-type", "deep", "endless"],
)
async def test_malformed_answers_are_one_sentence(answer: Answer) -> None:
    async with client_of(answer) as (client, _):
        with pytest.raises(EngineFailed, match="main sent an answer that isn't a completion"):
            await read(client)


@pytest.mark.parametrize(
    "event", [b'data: {"error": {"message": "Boom."}}\n\n', b'event: error\ndata: {"message": "Boom."}\n\n']
)
async def test_error_event_ends_the_stream(event: bytes) -> None:
    async with client_of(stream(TEXT, event)) as (client, _):
        with pytest.raises(EngineFailed, match="Boom"):
            await read(client)


async def test_server_that_does_not_stream_is_read_too() -> None:
    async def whole(request: web.Request) -> web.StreamResponse:
        return web.json_response({"choices": [{"index": 0, "text": "all", "finish_reason": "stop"}]})

    async with client_of(whole) as (client, _):
        assert await text_of(client) == "all"


async def test_done_ends_the_stream_even_if_the_server_stays() -> None:
    async with client_of(stream(TEXT, b"data: [DONE]\n\n", hang=True)) as (client, _):
        assert (await read(client))[-1] == DONE


async def test_silence_is_told() -> None:
    async with client_of(stream(TEXT, hang=True), idle_timeout_s=0.1) as (client, _):
        with pytest.raises(EngineFailed, match=r"main sent nothing for 0\.1 s"):
            await read(client)


async def test_deadline_counts_retries_too() -> None:
    async with client_of(plain(429, Retry_After="2")) as (client, _):
        with pytest.raises(DeadlineExceeded, match=r"longer than the 0\.2 s allowed"):
            await read(client, 0.2)


async def test_deadline_ends_a_server_that_never_stops_sending() -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        while True:
            await response.write(TEXT * 100)

    async with client_of(endless) as (client, _):
        with pytest.raises(DeadlineExceeded):
            await read(client, 0.2)


async def test_key_is_sent_as_bearer_and_never_elsewhere() -> None:
    async with client_of(stream(TEXT), plain(302, Location="/v1/models"), api_key=SecretStr("k1\n")) as (
        client,
        script,
    ):
        await read(client)
        assert script.requests[0].headers["Authorization"] == "Bearer k1"
        with pytest.raises(BackendUnavailable):
            await client.models()
        assert len(script.requests) == 2


async def test_closed_client_refuses() -> None:
    async with client_of(stream(TEXT)) as (client, _):
        await client.aclose()
        with pytest.raises(BackendUnavailable, match="main is closed"):
            await read(client)
        with pytest.raises(BackendUnavailable, match="main is closed"):
            await client.models()


async def test_silent_health_is_given_up() -> None:
    async with client_of(stream(hang=True)) as (client, _):
        with pytest.raises(ServerUnreachable, match=r"main didn't answer within 0\.1 s"):
            await client.status(0.1)


async def test_status_is_read_while_loading() -> None:
    answer = json.dumps({"status": "loading", "detail": "Reading.", "progress": 0.25})
    async with client_of(plain(503, answer)) as (client, _):
        status = await client.status()
        assert (status.status, status.detail, status.progress) == ("loading", "Reading.", 0.25)
