"""Auto Scaling as far as a machine of a fleet speaks to it: notes what it is asked, and may refuse."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from tests.fakes.openai_server import serve


@dataclass
class FleetCalls:
    asked: list[dict[str, str]] = field(default_factory=list)
    refuses: str | None = None
    """With this code."""

    @asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_post("/", self._answer)
        async with serve(app) as url:
            yield url.removesuffix("/v1")

    def actions(self) -> list[str]:
        return [asked["Action"] for asked in self.asked]

    async def _answer(self, request: web.Request) -> web.Response:
        asked = {name: str(value) for name, value in (await request.post()).items()}
        self.asked.append(asked)
        action = asked["Action"]
        if self.refuses is not None:
            error = f"<Error><Type>Sender</Type><Code>{self.refuses}</Code><Message>no</Message></Error>"
            return _xml(f"<ErrorResponse>{error}</ErrorResponse>", 400)
        return _xml(f"<{action}Response><{action}Result/></{action}Response>", 200)


def _xml(text: str, status: int) -> web.Response:
    return web.Response(status=status, text=text, content_type="text/xml")
