"""Server-sent events onto one HTTP response. Each event is written whole, so no character is ever split."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web

from generation.loop_turn import LoopTurn
from generation.openai_answers import dump_json
from generation.openai_errors import ApiError

_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache",
    # nginx would collect the events otherwise.
    "X-Accel-Buffering": "no",
}
_WRITTEN_BYTES = 64 * 1024
"""From here on events are written before the next are made."""


class EventStream:
    """Raises ConnectionError from every method once the client is gone."""

    def __init__(self, response: web.StreamResponse) -> None:
        self._response = response

    @classmethod
    async def open(cls, request: web.Request) -> EventStream:
        response = web.StreamResponse(headers=_HEADERS)
        await response.prepare(request)
        return cls(response)

    @property
    def response(self) -> web.StreamResponse:
        return self._response

    async def send(self, answers: Iterable[Mapping[str, Any]]) -> None:
        """Several events in one write, unless they are large."""
        turn, events, size = LoopTurn(), [], 0
        for answer in answers:
            events.append(b"data: %b\n\n" % dump_json(answer))
            size += len(events[-1])
            if size >= _WRITTEN_BYTES:
                await self._response.write(b"".join(events))
                events, size = [], 0
            await turn.share()
        if events:
            await self._response.write(b"".join(events))

    async def send_error(self, error: ApiError) -> None:
        await self._response.write(b"data: %b\n\n" % error.to_json())

    async def beat(self) -> None:
        """A comment that no client shows: a sign of life, and how a dead client is noticed."""
        await self._response.write(b": waiting\n\n")

    async def done(self) -> None:
        await self._response.write(b"data: [DONE]\n\n")
        await self._response.write_eof()
