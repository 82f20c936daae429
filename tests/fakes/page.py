"""The chat page over real loopback HTTP, with a scripted backend behind it."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import aiohttp

from backends.factory import Backends
from backends.store.protocol import Store
from bots.core import Core
from bots.web.server import WebServer
from config.settings import LimitSettings, Settings, WebSettings
from tests.fakes.memory_store import MemoryStore
from tests.fakes.scripted_backend import ScriptedBackend

Json = dict[str, Any]


@dataclass
class PageStream:
    """One page's event stream, read event by event."""

    response: aiohttp.ClientResponse
    seen: list[tuple[str, Json]] = field(default_factory=list)

    async def next(self) -> tuple[str, Json]:
        name = ""
        async for line in self.response.content:
            text = line.decode().rstrip("\n")
            if text.startswith("event: "):
                name = text.removeprefix("event: ")
            elif text.startswith("data: "):
                event = name, json.loads(text.removeprefix("data: "))
                self.seen.append(event)
                return event
        raise EOFError("the stream ended")

    async def until(self, name: str, **fields: object) -> Json:
        """The next event of that name with those values."""
        async with asyncio.timeout(20):
            while True:
                its_name, data = await self.next()
                if its_name == name and all(data.get(key) == value for key, value in fields.items()):
                    return data


@dataclass
class PageClient:
    url: str
    http: aiohttp.ClientSession
    core: Core
    store: Store
    backend: ScriptedBackend
    server: WebServer

    async def get(self, path: str, status: int = 200, **options: Any) -> Json:
        async with self.http.get(self.url + path, **options) as response:
            assert response.status == status, await response.text()
            return await response.json()  # type: ignore[no-any-return]

    async def post(self, path: str, body: object = None, status: int = 200, **options: Any) -> Json:
        raw = io.BytesIO(json.dumps({} if body is None else body).encode())
        headers = {"Content-Type": "application/json", **options.pop("headers", {})}
        async with self.http.post(self.url + path, data=raw, headers=headers, **options) as response:
            assert response.status == status, await response.text()
            return await response.json()  # type: ignore[no-any-return]

    async def send(self, text: str, status: int = 200, channel: str = "general", **fields: object) -> Json:
        body = {"text": text, "event_id": uuid4().hex, **fields}
        return await self.post(f"/api/channels/{channel}/messages", body, status)

    async def write(self, text: str, **fields: Any) -> str:
        """Send a text and wait for its result's end; returns its id."""
        request_id: str = (await self.send(text, **fields))["request_id"]
        await self.core.jobs.wait(request_id)
        return request_id

    async def act(self, request_id: str, action: str, status: int = 200, **fields: object) -> Json:
        return await self.post(f"/api/results/{request_id}/{action}", {"event_id": uuid4().hex, **fields}, status)

    async def result(self, request_id: str) -> Json:
        found: Json = (await self.get(f"/api/results/{request_id}"))["result"]
        return found

    async def history(self, channel: str = "general") -> list[Json]:
        views: list[Json] = (await self.get(f"/api/channels/{channel}/history"))["results"]
        return views

    @asynccontextmanager
    async def events(self) -> AsyncIterator[PageStream]:
        timeout = aiohttp.ClientTimeout(total=None)
        async with self.http.get(f"{self.url}/api/events", timeout=timeout) as response:
            assert response.status == 200
            stream = PageStream(response)
            await stream.until("hello")
            yield stream


@asynccontextmanager
async def serve_page(
    backend: ScriptedBackend | None = None,
    store: Store | None = None,
    web: WebSettings | None = None,
    limits: LimitSettings | None = None,
    port: int = 0,
) -> AsyncIterator[PageClient]:
    """A whole bot with nothing but the page; everything is closed at the end."""
    backend = backend or ScriptedBackend()
    store = store or MemoryStore()
    web = web or WebSettings(port=port)
    settings = Settings(web=web, limits=limits or LimitSettings())
    core = Core(settings, store, Backends({backend.name: backend}, backend.name))
    server = WebServer(core, web)
    await core.start()
    url = await server.start()
    try:
        async with aiohttp.ClientSession() as http:
            yield PageClient(url, http, core, store, backend, server)
    finally:
        await server.aclose()
        await core.aclose()
        await backend.aclose()
