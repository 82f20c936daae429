"""Lambda's Runtime API, as far as a function's own client asks it: the next invocation, its answer or its error."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import AbstractAsyncContextManager
from typing import Any

from aiohttp import web

from tests.fakes.openai_server import serve

ROOT = "/2018-06-01/runtime"


class FakeLambda:
    """`invoke` hands an event to whoever asks for the next one, and gives back what it answers."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[tuple[str, Any, float]] = asyncio.Queue()
        self._answers: dict[str, asyncio.Future[tuple[str, Any]]] = {}
        self.init_error: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def served(self) -> AbstractAsyncContextManager[str]:
        """Gives the URL; AWS_LAMBDA_RUNTIME_API is its host and port."""
        app = web.Application()
        app.router.add_get(f"{ROOT}/invocation/next", self._next)
        app.router.add_post(ROOT + "/invocation/{id}/{kind:response|error}", self._answered)
        app.router.add_post(f"{ROOT}/init/error", self._failed)
        return serve(app)

    async def invoke(self, event: Any, timeout_s: float) -> tuple[str, Any]:
        """("response" or "error", what was said)."""
        name = f"invocation-{len(self._answers)}"
        self._answers[name] = asyncio.get_running_loop().create_future()
        await self._waiting.put((name, event, timeout_s))
        async with asyncio.timeout(60):
            return await self._answers[name]

    async def _next(self, request: web.Request) -> web.Response:
        name, event, timeout_s = await self._waiting.get()
        headers = {
            "Lambda-Runtime-Aws-Request-Id": name,
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + timeout_s) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-west-1:1:function:worker",
        }
        # Without a charset, or the client takes it for something else.
        return web.Response(body=json.dumps(event).encode(), content_type="application/json", headers=headers)

    async def _answered(self, request: web.Request) -> web.Response:
        said = json.loads(await request.text() or "null")
        self._answers[request.match_info["id"]].set_result((request.match_info["kind"], said))
        return web.Response(status=202)

    async def _failed(self, request: web.Request) -> web.Response:
        self.init_error.set_result(json.loads(await request.text()))
        return web.Response(status=202)
