"""What EC2 tells a machine about itself, version 2: a token first, then everything with the token."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from aiohttp import web

from tests.fakes.openai_server import serve

SPOT = "/latest/meta-data/spot/instance-action"
REBALANCE = "/latest/meta-data/events/recommendations/rebalance"


@dataclass
class FakeMetadata:
    """`told` is what there is, by path; the rest is not found."""

    told: dict[str, str] = field(default_factory=lambda: {"/latest/meta-data/instance-id": "i-0123456789abcdef0"})
    tokens: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    broken: bool = False

    def served(self) -> AbstractAsyncContextManager[str]:
        """Gives the URL, with a path that is not part of it."""
        app = web.Application()
        app.router.add_put("/latest/api/token", self._token)
        app.router.add_get("/{path:.*}", self._tell)
        return serve(app)

    def forget_tokens(self) -> None:
        """As when they have expired."""
        self.tokens.clear()

    async def _token(self, request: web.Request) -> web.Response:
        if self.broken or "X-aws-ec2-metadata-token-ttl-seconds" not in request.headers:
            return web.Response(status=503 if self.broken else 400)
        self.tokens.append(f"token-{len(self.asked)}")
        return web.Response(text=self.tokens[-1])

    async def _tell(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        if request.headers.get("X-aws-ec2-metadata-token") not in self.tokens:
            return web.Response(status=401)
        said = self.told.get(request.path)
        return web.Response(status=404) if said is None else web.Response(text=said)
