"""Takes requests apart, asks what stands in their way, and answers as Discord does."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import BodyPartReader, web

from tests.fakes.discord_world.failures import Refused, invalid_form
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
from tests.fakes.discord_world.rest.faults import Fault, Faults
from tests.fakes.discord_world.rest.openapi import OpenApi
from tests.fakes.discord_world.rest.rate_limits import RateLimits, refusal
from tests.fakes.discord_world.rest.routing import Answer, Call, Route, Upload, find, methods_of
from tests.fakes.discord_world.rules.requests import inspect

if TYPE_CHECKING:
    from tests.fakes.discord_world.world import World

BASE = "/api/v10"
AGENT = "DiscordBot ("
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
        self.limits = RateLimits()
        self.faults = Faults()
        self.openapi = OpenApi.load()
        self._undocumented: list[Call] = []
        """Requests not yet held against the document: that takes longer than everything else, so it waits."""
        self.own_errors: list[str] = []
        """Where the fake's answers are not as Discord documents them, if it checks them."""
        self.checks_own_answers = False

    def count(self, method: str, path: str = "") -> int:
        """How many requests were made whose route holds this text."""
        return sum(each.method == method and path in each.route for each in self.requests)

    def statuses(self) -> Counter[int]:
        return Counter(each.status for each in self.requests)

    @property
    def invalid_requests(self) -> int:
        """Those that Discord bans an address for, when there are ten thousand in ten minutes."""
        return sum(each.status in (401, 403, 429) for each in self.requests)

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
        if found is None:
            return self._recorded(request, path, None, _unrouted(self.world, request.method, path))
        call = Call(self.world, request.method, path, found[0], found[1], request.query)
        call.authorized = request.headers.get("Authorization") == f"Bot {self.world.token}"
        await self.faults.passed(call.route.key, self.world.changes.announce)
        fault = self.faults.next_for(call.route.key)
        if fault is not None and (spoiled := await self._spoiled(request, call, fault)) is not None:
            return spoiled
        return self._recorded(request, path, call, *await self._answered(request, call))

    async def _spoiled(self, request: web.Request, call: Call, fault: Fault) -> web.StreamResponse | None:
        """None when the request goes on after all."""
        if fault.delay_s:
            await asyncio.sleep(fault.delay_s)
            return None
        if fault.after_effect:
            await self._answered(request, call)
        else:
            await request.read()
        if fault.dropped:
            if request.transport is not None:
                request.transport.abort()
            return self._recorded(request, call.path, call, Answer(None, 499))
        if fault.too_many:
            body, headers = refusal(fault.too_many, {})
            return self._recorded(request, call.path, call, Answer(body, 429), headers)
        return self._recorded(request, call.path, call, Answer({"message": "Bad Gateway", "code": 0}, fault.status))

    async def _answered(self, request: web.Request, call: Call) -> tuple[Answer, dict[str, str]]:
        headers: dict[str, str] = {}
        try:
            if not call.authorized and not call.route.by_token:
                raise Refused(0)
            await _read(request, call)
            if call.authorized and not request.headers.get("User-Agent", "").startswith(AGENT):
                call.frown(f"a User-Agent that does not begin with {AGENT!r} may be blocked")
            headers, too_many = self.limits.spend(call)
            if too_many is not None:
                body, headers = refusal(too_many, headers)
                return Answer(body, 429), headers
            self.inspect(call)
            answer = call.route.handler(call)
        except Refused as refused:
            answer = Answer(refused.payload(), refused.status)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            call.frown(f"a request that cannot be read: {error!r}")
            answer = Answer(invalid_form({"": ("MODEL_TYPE_CONVERT", "Wrong shape")}).payload(), 400)
        self._check_own(call.route, answer)
        return answer, headers

    def inspect(self, call: Call) -> None:
        if self.openapi:
            self._undocumented.append(call)
        inspect(call)

    def check_documented(self) -> None:
        calls, self._undocumented = self._undocumented, []
        for call in calls:
            if self.openapi and (problem := self.openapi.request_problem(call)):
                call.frown(problem)

    def _check_own(self, route: Route, answer: Answer) -> None:
        if self.checks_own_answers and self.openapi and answer.status != 204:
            problem = self.openapi.answer_problem(route, answer.status, answer.payload)
            self.own_errors += [f"{route.key} {answer.status}: {problem}"] if problem else []

    def _recorded(
        self,
        request: web.Request,
        path: str,
        call: Call | None,
        answer: Answer,
        headers: dict[str, str] | None = None,
    ) -> web.Response:
        key = call.route.key if call else f"{request.method} {path}"
        body = call.body if call else None
        self.requests.append(Request(request.method, path, key, body, answer.status, self.world.clock.now()))
        return respond(answer, headers)


def respond(answer: Answer, headers: dict[str, str] | None = None) -> web.Response:
    """Without a charset: clients compare the type as a whole."""
    sent = {"Via": "1.1 google"} | (headers or {})
    if answer.status == 204:
        return web.Response(status=204, headers=sent)
    sent["Content-Type"] = "application/json"
    return web.Response(status=answer.status, body=json.dumps(answer.payload).encode(), headers=sent)


def _unrouted(world: World, method: str, path: str) -> Answer:
    known = methods_of(path)
    world.violated(method, path, f"no such method (there is {', '.join(sorted(known))})" if known else "no such route")
    status, message = (405, "405: Method Not Allowed") if known else (404, "404: Not Found")
    return Answer({"message": message, "code": 0}, status)


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
