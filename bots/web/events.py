"""GET /api/events: one stream per page with everything that happens."""

from __future__ import annotations

import asyncio
import json

from aiohttp import web

from bots.web.health import HealthWatch
from bots.web.live import Broadcast, Changed, Listener, LiveEvent
from bots.web.payloads import event_json

HEARTBEAT_S = 15.0
_HEADERS = {"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class EventStream:
    def __init__(self, broadcast: Broadcast, watch: HealthWatch, heartbeat_s: float = HEARTBEAT_S) -> None:
        self._broadcast = broadcast
        self._watch = watch
        self._heartbeat_s = heartbeat_s

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Ends when the page leaves or the server stops. The page fetches the history after `hello`."""
        response = web.StreamResponse(headers=_HEADERS)
        with self._broadcast.listen() as listener:
            await response.prepare(request)
            await response.write(b"retry: 1000\nevent: hello\ndata: {}\n\n")
            listener.push(Changed("health"))
            try:
                while not listener.closed:
                    await self._pass_on(listener, response)
            except ConnectionError:
                pass  # The page left; there is nobody to tell.
        return response

    async def _pass_on(self, listener: Listener, response: web.StreamResponse) -> None:
        """`write` waits for a slow page, and meanwhile newer views replace older ones in the listener."""
        try:
            async with asyncio.timeout(self._heartbeat_s):
                events = await listener.next()
        except TimeoutError:
            await response.write(b": still here\n\n")
            return
        for event in events:
            await response.write(self._encode(event))

    def _encode(self, event: LiveEvent) -> bytes:
        name, data = event_json(event, self._watch.snapshots)
        return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()
