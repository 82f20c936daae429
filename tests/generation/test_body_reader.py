"""Bodies: how many large ones are held at once, and how long one may take."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web

from generation.body_reader import MAX_BODY_BYTES, BodyReader
from tests.fakes.openai_server import serve


@dataclass
class Desk:
    """Holds every body that it reads until `gate` is opened."""

    reader: BodyReader
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    arrivals: asyncio.Queue[int] = field(default_factory=asyncio.Queue)
    large_held: int = 0
    most_held: int = 0

    async def answer(self, request: web.Request) -> web.Response:
        async with self.reader.read(request) as call:
            characters = len(str(call.prompts[0]))
            self.large_held += characters > 1000
            self.most_held = max(self.most_held, self.large_held)
            self.arrivals.put_nowait(characters)
            await self.gate.wait()
            self.large_held -= characters > 1000
        return web.Response()


@asynccontextmanager
async def open_desk(reader: BodyReader) -> AsyncIterator[tuple[Desk, aiohttp.ClientSession, str]]:
    desk = Desk(reader)
    app = web.Application()
    app.router.add_post("/v1/x", desk.answer)
    async with serve(app) as url, aiohttp.ClientSession() as http:
        yield desk, http, f"{url}/x"


def body_of(characters: int) -> io.BytesIO:
    return io.BytesIO(json.dumps({"prompt": "x" * characters}).encode())


async def test_large_bodies_are_held_two_at_a_time_and_small_ones_pass_by() -> None:
    async with open_desk(BodyReader()) as (desk, http, url):

        async def post(characters: int) -> int:
            async with http.post(url, data=body_of(characters)) as response:
                return response.status

        large = [asyncio.create_task(post(1_000_000)) for _ in range(7)]
        assert [await desk.arrivals.get() for _ in range(2)] == [1_000_000] * 2
        small = [asyncio.create_task(post(10)) for _ in range(5)]
        assert [await desk.arrivals.get() for _ in range(5)] == [10] * 5
        desk.gate.set()
        assert await asyncio.gather(*large, *small) == [200] * 12
        assert desk.most_held == 2


async def test_a_large_body_that_does_not_come_gives_its_turn_up() -> None:
    async def trickle() -> AsyncIterator[bytes]:
        yield body_of(300_000).getvalue()[:-1]
        await asyncio.Event().wait()

    async with open_desk(BodyReader(patience_s=0.05)) as (desk, http, url):
        desk.gate.set()
        for _ in range(3):
            async with http.post(url, data=trickle()) as response:
                assert response.status == 408
        async with http.post(url, data=body_of(300_000)) as response:
            assert response.status == 200


@pytest.mark.parametrize(("excess", "status"), [(0, 200), (1, 413)])
async def test_a_body_has_a_largest_size(excess: int, status: int) -> None:
    async with open_desk(BodyReader()) as (desk, http, url):
        desk.gate.set()
        body = body_of(MAX_BODY_BYTES - len(body_of(0).getvalue()) + excess)
        async with http.post(url, data=body) as response:
            assert response.status == status
