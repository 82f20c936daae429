"""The completions server over a real engine, on a free loopback port."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from generation.engine import BatchingEngine
from generation.load_progress import LoadProgress
from generation.model_host import ModelHost
from generation.server import CompletionServer
from generation.types import EngineLimits, EngineStats
from tests.fakes.openai_server import serve
from tests.fakes.tiny_models import NetworkModel
from tests.fakes.torch_engine import build_torch_engine


@dataclass(frozen=True)
class Served:
    """`url` ends in /v1; `engine` is for a look at its counters."""

    url: str
    engine: BatchingEngine
    http: aiohttp.ClientSession

    async def post(self, body: dict[str, Any] | bytes) -> tuple[int, dict[str, Any]]:
        """Status and answer of /v1/completions."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        async with self.http.post(f"{self.url}/completions", data=io.BytesIO(raw)) as response:
            return response.status, await response.json()

    async def complete(self, **body: Any) -> dict[str, Any]:
        status, answer = await self.post(body)
        assert status == 200, answer
        return answer

    async def refusal(self, **body: Any) -> dict[str, Any]:
        """The error of a request that is refused with 400."""
        status, answer = await self.post(body)
        assert status == 400, answer
        assert answer["error"]["type"] == "invalid_request_error"
        return answer["error"]

    async def settle(self, wanted: Callable[[EngineStats], bool], deadline_s: float = 20.0) -> None:
        """Until the engine's counters are as wanted. They change on another thread, so they have to be looked at."""
        async with asyncio.timeout(deadline_s):
            while not wanted(self.engine.stats()):  # noqa: ASYNC110
                await asyncio.sleep(0.005)


@asynccontextmanager
async def serve_engine(
    loaded: NetworkModel, limits: EngineLimits | None = None, api_key: str | None = None, heartbeat_s: float = 2.0
) -> AsyncIterator[Served]:
    limits = limits or EngineLimits()
    async with serve_built(build_torch_engine(loaded, limits), limits, api_key, heartbeat_s) as served:
        yield served


@asynccontextmanager
async def serve_built(
    engine: BatchingEngine, limits: EngineLimits, api_key: str | None = None, heartbeat_s: float = 2.0
) -> AsyncIterator[Served]:
    host = ModelHost(engine.model.name, limits, LoadProgress())
    await host.load(lambda: engine)
    server = CompletionServer(host, api_key, heartbeat_s)
    async with serve(server.app()) as url, aiohttp.ClientSession() as http:
        yield Served(url, engine, http)
    await host.aclose()
