"""The requests of the soak, and how one is sent and listened to."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Self

import aiohttp

from benchmarks.folders import ENGLISH

_PATIENCE_S = 300


@dataclass(frozen=True, slots=True)
class SoakRequest:
    prompt: str
    max_tokens: int
    seed: int
    temperature: float = 0.8
    more: Mapping[str, Any] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        named = {"prompt": self.prompt, "max_tokens": self.max_tokens, "seed": self.seed}
        return {**named, "temperature": self.temperature, "stream": True, **self.more}


@dataclass(frozen=True, slots=True)
class Heard:
    text: str
    wait_s: float
    """Until the first text, or the end when there was none."""
    longest_gap_s: float
    """Between two pieces of text."""


class Full(Exception):
    """The server says that its queue is full."""


class SoakClient:
    def __init__(self, address: str) -> None:
        timeout = aiohttp.ClientTimeout(_PATIENCE_S)
        self._address = address
        self._http = aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()

    async def write(self, request: SoakRequest) -> Heard:
        """Raises Full, and aiohttp.ClientResponseError when it is refused otherwise."""
        started, texts, times = time.perf_counter(), [], []
        async with self._http.post(self._address, json=request.body()) as response:
            if response.status in (429, 503):
                raise Full
            response.raise_for_status()
            async for choice in _choices(response):
                if choice["text"]:
                    texts.append(choice["text"])
                    times.append(time.perf_counter() - started)
        gaps = [later - earlier for earlier, later in pairwise(times)]
        wait = times[0] if times else time.perf_counter() - started
        return Heard("".join(texts), wait, max(gaps, default=0.0))

    async def hang_up(self, request: SoakRequest, after: int) -> None:
        """Listen to so many pieces of text, then go."""
        async with self._http.post(self._address, json=request.body()) as response:
            heard = 0
            async for _ in _choices(response):
                heard += 1
                if heard >= after:
                    response.close()
                    return

    async def status_of(self, body: bytes) -> int:
        headers = {"Content-Type": "application/json"}
        async with self._http.post(self._address, data=body, headers=headers) as response:
            await response.read()
            return response.status


async def _choices(response: aiohttp.ClientResponse) -> AsyncIterator[Mapping[str, Any]]:
    async for line in response.content:
        if line.startswith(b"data: {"):
            for choice in json.loads(line[6:]).get("choices", ()):
                yield choice


def reference_requests() -> list[SoakRequest]:
    """Short and long prompts, greedy and sampled, with what changes the choice of a token."""
    passages = [ENGLISH[start : start + size] for start, size in ((0, 60), (310, 200), (1500, 1200), (4000, 90))]
    return [
        SoakRequest(passages[0], 40, 1),
        SoakRequest(passages[0], 40, 2, more={"top_k": 20, "top_p": 0.9}),
        SoakRequest(passages[1], 64, 3, temperature=0.0),
        SoakRequest(passages[2], 32, 4, more={"repetition_penalty": 1.2}),
        SoakRequest(passages[2], 24, 5, temperature=1.2, more={"min_p": 0.05}),
        SoakRequest(passages[3], 96, 6, more={"stop": ["\n"]}),
    ]


BAD_BODIES: tuple[bytes, ...] = (
    b"",
    b"{",
    b"[]",
    b'{"max_tokens": 4}',
    b'{"prompt": "a", "max_tokens": -1}',
    b'{"prompt": "a", "temperature": "warm"}',
    b'{"prompt": "a", "temperature": 1e999}',
    b'{"prompt": [999999999]}',
    b'{"prompt": "\\ud800"}',
    b'{"prompt": "a", "no_such_field": 1}',
    b'{"prompt": "' + b"word " * 20_000 + b'"}',
)
