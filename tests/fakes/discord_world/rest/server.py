"""Takes requests apart, asks what stands in their way, and answers as Discord does."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import BodyPartReader, web

from tests.fakes.discord_world.failures import Refused, no_such_route
from tests.fakes.discord_world.rest import (  # noqa: F401  Importing them registers their routes.
    account,
    commands,
    guilds,
    interactions,
    messages,
    reactions,
    threads,
    webhooks,
)
from tests.fakes.discord_world.rest.routing import Answer, Call, Upload, find, methods_of

if TYPE_CHECKING:
    from tests.fakes.discord_world.world import World

BASE = "/api/v10"
LARGEST_REQUEST = 25 * 1024 * 1024
FILE_FIELD = re.compile(r"files\[(\d+)\]$")


@dataclass(frozen=True)
class Request:
    """One that was made, and how it ended."""

    method: str
    path: str
    route: str
    body: Any
    status: int
    at: float


class RestServer:
    def __init__(self, world: World) -> None:
        self.world = world
        self.requests: list[Request] = []
        self.in_flight = 0

    def count(self, method: str, path: str = "") -> int:
        """How many requests were made whose route holds this text."""
        return sum(each.method == method and path in each.route for each in self.requests)

    def statuses(self) -> Counter[int]:
        return Counter(each.status for each in self.requests)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.in_flight += 1
        try:
            return await self._serve(request)
        finally:
            self.in_flight -= 1
            self.world.changes.announce()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix(BASE)
        found = find(request.method, path)
        body = None
        key = f"{request.method} {path}"
        try:
            if found is None:
                raise _unrouted(self.world, request.method, path)
            route, ids = found
            key = route.key
            call = Call(self.world, request.method, path, route, ids, request.query)
            call.authorized = request.headers.get("Authorization") == f"Bot {self.world.token}"
            if not call.authorized and not route.by_token:
                raise Refused(0)
            await _read(request, call)
            body = call.body
            answer = route.handler(call)
        except Refused as refused:
            answer = Answer(refused.payload(), refused.status)
        self.requests.append(Request(request.method, path, key, body, answer.status, self.world.clock.now()))
        return respond(answer)


def respond(answer: Answer, headers: dict[str, str] | None = None) -> web.Response:
    """Without a charset: clients compare the type as a whole."""
    sent = {"Via": "1.1 google"} | (headers or {})
    if answer.status == 204:
        return web.Response(status=204, headers=sent)
    sent["Content-Type"] = "application/json"
    return web.Response(status=answer.status, body=json.dumps(answer.payload).encode(), headers=sent)


def _unrouted(world: World, method: str, path: str) -> Refused:
    known = methods_of(path)
    world.violated(method, path, f"no such method (there is {', '.join(sorted(known))})" if known else "no such route")
    return Refused(0, status=405, message="405: Method Not Allowed") if known else no_such_route()


async def _read(request: web.Request, call: Call) -> None:
    if (request.content_length or 0) > LARGEST_REQUEST:
        raise Refused(40005)
    try:
        if request.content_type == "multipart/form-data":
            await _read_form(request, call)
        elif request.can_read_body:
            call.body = json.loads(await request.read())
    except ValueError:
        raise Refused(50109) from None
    if call.body is None and request.method in ("POST", "PATCH", "PUT"):
        call.body = {}


async def _read_form(request: web.Request, call: Call) -> None:
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        content = bytes(await part.read())
        if part.name == "payload_json":
            call.body = json.loads(content)
        elif match := FILE_FIELD.match(part.name or ""):
            kind = part.headers.get("Content-Type", "application/octet-stream")
            call.uploads[int(match[1])] = Upload(part.filename or "unknown", content, kind)
        else:
            call.frown(f"form field {part.name!r} means nothing to Discord")


async def until_idle(rest: RestServer) -> None:
    while rest.in_flight:
        await asyncio.wait_for(rest.world.changes.next(), 10)
