"""What a page asked for is done, even when the page leaves before it hears so."""

from __future__ import annotations

import asyncio

from aiohttp import web
from aiohttp.typedefs import Handler

_going: set[asyncio.Task[web.StreamResponse]] = set()


@web.middleware
async def finish_writes(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A leaving client cancels its handler; between accepting a request and queueing it that would lose the request.

    /generate is left out: there, leaving means stop.
    """
    if request.method != "POST" or not request.path.startswith("/api/"):
        return await handler(request)
    task = asyncio.ensure_future(handler(request))
    _going.add(task)
    task.add_done_callback(_forget)
    return await asyncio.shield(task)


def _forget(task: asyncio.Task[web.StreamResponse]) -> None:
    _going.discard(task)
    if not task.cancelled():
        task.exception()  # Whoever still listens gets it through the shield; nobody else needs it.
