"""Requests' bodies, read and parsed: large ones a few at a time, so that many at once don't fill the memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from generation.openai_schema import CompletionCall, parse_call

MAX_BODY_BYTES = 16 * 2**20
_LARGE_BYTES = 200_000
"""From here on a body is parsed beside the event loop, and waits for its turn to be read on."""
_LARGE_AT_ONCE = 2
"""As many as prompts are cut into tokens at once."""


class BodyReader:
    """`patience_s` is how long a large body may take to come, once it is its turn."""

    def __init__(self, patience_s: float = 60.0) -> None:
        self._patience_s = patience_s
        self._turns = asyncio.Semaphore(_LARGE_AT_ONCE)

    @asynccontextmanager
    async def read(self, request: web.Request) -> AsyncIterator[CompletionCall]:
        """The call; a large one keeps its turn until it is left. Raises InvalidOptions and web.HTTPException."""
        body = bytearray()
        if await _read_until(request, body, _LARGE_BYTES):
            yield parse_call(body)
            return
        async with self._turns:
            await self._read_rest(request, body)
            call = await asyncio.to_thread(parse_call, body)
            del body
            yield call

    async def _read_rest(self, request: web.Request, body: bytearray) -> None:
        try:
            async with asyncio.timeout(self._patience_s):
                whole = await _read_until(request, body, MAX_BODY_BYTES + 1)
        except TimeoutError as error:
            raise web.HTTPRequestTimeout from error
        if not whole:
            raise web.HTTPRequestEntityTooLarge(MAX_BODY_BYTES, len(body))


async def _read_until(request: web.Request, body: bytearray, size: int) -> bool:
    """Whether that is all; else there are `size` bytes or more.

    Not by `request.read`, which keeps the body for as long as the answer takes.
    """
    while len(body) < size:
        piece = await request.content.readany()
        if not piece:
            return True
        body += piece
    return False
