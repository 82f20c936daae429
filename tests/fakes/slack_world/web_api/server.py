"""Takes calls apart, asks what stands in their way, and answers as Slack does."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.fakes.slack_world.rules import calls as rules
from tests.fakes.slack_world.web_api import (  # noqa: F401  Importing them registers their methods.
    accounts,
    chat,
    conversations,
    files,
    oauth,
    reactions,
    streams,
    views,
)
from tests.fakes.slack_world.web_api.arguments import check, decode, ignore_json, read
from tests.fakes.slack_world.web_api.calls import METHODS, Call, Method, Payload
from tests.fakes.slack_world.web_api.documented import Documents
from tests.fakes.slack_world.web_api.faults import Fault, Faults
from tests.fakes.slack_world.web_api.rate_limits import RateLimits
from tests.fakes.slack_world.web_api.refusals import Refused, invalid

if TYPE_CHECKING:
    from tests.fakes.slack_world.workspaces import Installation
    from tests.fakes.slack_world.world import World


@dataclass(frozen=True)
class Request:
    """One that was made, and how it ended: `error` is empty where it was ok."""

    method: str
    arguments: Payload
    error: str
    status: int
    at: float
    team: str = ""


@dataclass(frozen=True)
class Answer:
    payload: Any
    status: int = 200
    headers: dict[str, str] | None = None

    @property
    def error(self) -> str:
        return str(self.payload.get("error", "")) if isinstance(self.payload, dict) else ""


class WebApi:
    def __init__(self, world: World) -> None:
        self.world = world
        self.requests: list[Request] = []
        self.in_flight = 0
        self.limits = RateLimits()
        self.faults = Faults()
        self.documents = Documents.load()
        self.own_errors: list[str] = []
        """Where the fake's answers are not as Slack documents them, if it checks them."""
        self.checks_own_answers = False

    def count(self, method: str) -> int:
        return sum(each.method == method for each in self.requests)

    def calls(self, method: str) -> list[Request]:
        return [each for each in self.requests if each.method == method]

    def errors(self) -> Counter[str]:
        return Counter(each.error for each in self.requests if each.error)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["method"]
        return await self.guarded(request, name, lambda: self._answered(request, name))

    async def guarded(
        self, request: web.Request, name: str, answer: Callable[[], Awaitable[tuple[Answer, Payload, str]]]
    ) -> web.StreamResponse:
        """With whatever trouble was ordered, and told in `requests`."""
        self.in_flight += 1
        try:
            await self.faults.passed(name, self.world.changes.announce)
            fault = self.faults.next_for(name)
            if fault is not None and (spoiled := await self._spoiled(request, name, fault, answer)) is not None:
                return spoiled
            return self._recorded(name, *await answer())
        finally:
            self.in_flight -= 1
            self.world.changes.announce()

    async def _spoiled(
        self,
        request: web.Request,
        name: str,
        fault: Fault,
        answer: Callable[[], Awaitable[tuple[Answer, Payload, str]]],
    ) -> web.StreamResponse | None:
        """None when the call goes on after all."""
        if fault.delay_s:
            await asyncio.sleep(fault.delay_s)
            return None
        arguments: Payload = {}
        team = ""
        if fault.after_effect:
            _, arguments, team = await answer()
        else:
            await request.read()
        if fault.dropped and request.transport is not None:
            request.transport.abort()
        return self._recorded(name, _trouble(fault), arguments, team)

    async def _answered(self, request: web.Request, name: str) -> tuple[Answer, Payload, str]:
        arguments: Payload = {}
        installation: Installation | None = None
        try:
            method = METHODS.get(name)
            if method is None:
                self.world.violated(name, "", "no such method in the fake")
                raise Refused("unknown_method", req_method=name)
            arguments, as_json = await read(request)
            call = Call(self.world, method, self._readable(method, arguments, as_json), as_json)
            self._authorize(request, call)
            installation = call.installation
            answer = self._performed(call)
        except Refused as refused:
            answer = Answer(refused.payload(), refused.status, refused.headers)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            self.world.violated(name, "", f"a call that cannot be read: {error!r}")
            answer = Answer({"ok": False, "error": "invalid_arguments"})
        self._check_own(name, answer)
        shown = {key: value for key, value in arguments.items() if key != "token"}
        return answer, shown, installation.workspace.id if installation else ""

    def _readable(self, method: Method, arguments: Payload, as_json: bool) -> Payload:
        if as_json and not method.json:
            self.world.violated(method.name, "", "does not read JSON, only forms")
            return ignore_json(method, arguments)
        return dict(arguments)

    def _authorize(self, request: web.Request, call: Call) -> None:
        header = request.headers.get("Authorization", "")
        in_body = call.arguments.pop("token", None)
        token = header.removeprefix("Bearer ").strip() if header.startswith("Bearer ") else in_body
        if call.as_json and in_body and not header:
            call.violated("/token", "Slack reads no token from JSON")
            token = None
        if call.method.token == "none":
            call.authorization = header
            return
        if not token:
            raise Refused("not_authed")
        if call.method.token == "app":
            self._authorize_app(token)
        else:
            call.installation = self._installation(token)

    def _authorize_app(self, token: str) -> None:
        if token.startswith("xoxb-"):
            raise Refused("not_allowed_token_type")
        if token != self.world.app.app_token:
            raise Refused("invalid_auth")
        if "connections:write" not in self.world.app.app_token_scopes:
            raise Refused("missing_scope", needed="connections:write", provided="")

    def _installation(self, token: str) -> Installation:
        if token.startswith("xapp-"):
            raise Refused("not_allowed_token_type")
        found = self.world.installations.get(token)
        if found is None:
            raise Refused("invalid_auth")
        if found.refusal:
            raise Refused(found.refusal)
        return found

    def _performed(self, call: Call) -> Answer:
        if wait := self.limits.spend(call):
            raise Refused("ratelimited", status=429, headers={"Retry-After": str(wait)})
        if call.method.token == "bot":
            call.needs_scope(*call.method.scopes)
        decode(call)
        if self.documents and (problem := self.documents.request_problem(call)):
            call.violated("", problem)
        check(call)
        self._inspect(call)
        payload: Payload = {"ok": True} | call.method.handler(call)
        if call.warnings:
            payload |= {"warning": ",".join(call.warnings), "response_metadata": {"warnings": call.warnings}}
        scopes = ",".join(call.installation.scopes) if call.installation else ""
        return Answer(payload, headers={"x-oauth-scopes": scopes, "x-slack-req-id": secrets.token_hex(8)})

    def _inspect(self, call: Call) -> None:
        rules.inspect(call)
        for path, reason in call.problems.reasons():
            call.violated(path, reason)
        if call.problems.refused:
            raise invalid(call.problems.error, call.problems.messages)

    def _check_own(self, name: str, answer: Answer) -> None:
        if self.checks_own_answers and self.documents and name in METHODS:
            self.own_errors += [f"{name}: {each}" for each in self.documents.answer_problems(name, answer.payload)]

    def _recorded(self, name: str, answer: Answer, arguments: Payload, team: str) -> web.Response:
        self.requests.append(Request(name, arguments, answer.error, answer.status, self.world.clock.now(), team))
        return respond(answer)


def respond(answer: Answer) -> web.Response:
    if isinstance(answer.payload, str):
        return web.Response(text=answer.payload, status=answer.status, headers=answer.headers)
    body = json.dumps(answer.payload)
    return web.Response(text=body, status=answer.status, headers=answer.headers, content_type="application/json")


def _trouble(fault: Fault) -> Answer:
    if fault.dropped:
        return Answer({"ok": False, "error": "dropped"}, 499)
    if fault.retry_after_s is not None:
        return Answer({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": f"{fault.retry_after_s:g}"})
    if fault.error:
        return Answer({"ok": False, "error": fault.error})
    return Answer("upstream connect error or disconnect/reset before headers", fault.status)
