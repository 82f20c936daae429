"""EC2 and Auto Scaling as far as a deployment needs them, in their own XML, so that boto3 can't tell them from AWS:
one machine, a group of others, and what EC2 tells each machine about itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

from aiohttp import web

from tests.fakes.auto_scaling import FakeGroup, Refused
from tests.fakes.ec2_instance import FakeInstance, Hardware
from tests.fakes.openai_server import serve

INSTANCE = "i-0123456789abcdef0"
CODES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}
SERVER_ERRORS = {
    # By "Error codes for the Amazon EC2 API": these come with 500 or 503, so SDKs try them again by themselves.
    "InsufficientInstanceCapacity": 500,
    "InsufficientHostCapacity": 500,
    "InternalError": 500,
    "InternalFailure": 500,
    "ServiceUnavailable": 503,
    "Unavailable": 503,
    "RequestLimitExceeded": 503,
}


@dataclass
class FakeEc2(Hardware):
    """`faults` are error codes that the next calls meet, in turn, "" being none; `refusal` meets every start."""

    calls: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    refusal: str = ""

    def __post_init__(self) -> None:
        self.machine = FakeInstance(INSTANCE, self)
        self.group = FakeGroup(self)

    @asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_post("/", self._answer)
        app.router.add_put("/imds/{id}/latest/api/token", self._token)
        app.router.add_get("/imds/{id}/latest/meta-data/{path:.*}", self._metadata)
        async with serve(app) as url:
            keeping = asyncio.create_task(self.group.keep())
            try:
                yield url.removesuffix("/v1")
            finally:
                keeping.cancel()
                await asyncio.gather(keeping, return_exceptions=True)
                for instance in self._all():
                    await instance.unplug()

    def _all(self) -> list[FakeInstance]:
        return [self.machine, *self.group.instances.values(), *self.group.gone]

    def _instance(self, instance_id: str) -> FakeInstance:
        for instance in self._all():
            if instance.id == instance_id:
                return instance
        raise Refused("InvalidInstanceID.NotFound")

    async def _answer(self, request: web.Request) -> web.Response:
        asked = cast(Mapping[str, str], await request.post())
        action = asked["Action"]
        self.calls.append(action)
        if not request.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256 "):
            return _error("MissingAuthenticationToken", "no")
        fault = self.faults.pop(0) if self.faults else ""
        speaks_ec2 = asked["Version"] == "2016-11-15"
        try:
            if fault:
                raise Refused(fault)
            return self._ec2(action, asked) if speaks_ec2 else _result(action, self.group.answer(action, asked))
        except Refused as refused:
            tell = _error if speaks_ec2 else _query_error
            return tell(refused.code, refused.message)

    def _ec2(self, action: str, asked: Mapping[str, str]) -> web.Response:
        match action:
            case "StartInstances":
                return self._start(self._instance(asked["InstanceId.1"]))
            case "StopInstances":
                return self._stop(self._instance(asked["InstanceId.1"]))
            case "DescribeInstances":
                return self._describe(asked)
        raise Refused("InvalidAction")

    def _start(self, instance: FakeInstance) -> web.Response:
        before = instance.state
        if before not in ("stopped", "pending", "running"):
            raise Refused("IncorrectInstanceState", "is not in a state from which it can be started.")
        if before == "stopped":
            if self.refusal:
                raise Refused(self.refusal)
            instance.start()
        return _changed("StartInstances", instance, before)

    def _stop(self, instance: FakeInstance) -> web.Response:
        before = instance.state
        if before not in ("running", "stopping", "stopped"):
            raise Refused("IncorrectInstanceState", "is not in a state from which it can be stopped.")
        if before == "running":
            instance.stop()
        return _changed("StopInstances", instance, before)

    def _describe(self, asked: Mapping[str, str]) -> web.Response:
        """Those named, or with a filter those of the group."""
        named = [value for name, value in asked.items() if name.startswith("InstanceId.")]
        instances = [self._instance(each) for each in named] if named else list(self.group.instances.values())
        sets = "".join(f"<item><instancesSet>{_described(each)}</instancesSet></item>" for each in instances)
        return _xml("DescribeInstances", f"<reservationSet>{sets}</reservationSet>")

    # What a machine is told about itself, under a URL of its own

    async def _token(self, request: web.Request) -> web.Response:
        lasts_s = request.headers["X-aws-ec2-metadata-token-ttl-seconds"]
        return web.Response(text=f"token of {request.match_info['id']} for {lasts_s} s")

    async def _metadata(self, request: web.Request) -> web.Response:
        instance = self._instance(request.match_info["id"])
        if not request.headers.get("X-aws-ec2-metadata-token", "").startswith(f"token of {instance.id} "):
            return web.Response(status=401)
        told = {"instance-id": instance.id}
        if instance.notice:
            told["spot/instance-action"] = '{"action": "terminate", "time": "2026-01-01T00:02:00Z"}'
        path = request.match_info["path"]
        return web.Response(text=told[path]) if path in told else web.Response(status=404)


def _described(instance: FakeInstance) -> str:
    launched = instance.launched_at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    state = _state("instanceState", instance.state)
    return f"<item><instanceId>{instance.id}</instanceId>{state}<launchTime>{launched}</launchTime></item>"


def _changed(action: str, instance: FakeInstance, before: str) -> web.Response:
    states = _state("currentState", instance.state) + _state("previousState", before)
    return _xml(action, f"<instancesSet><item><instanceId>{instance.id}</instanceId>{states}</item></instancesSet>")


def _state(name: str, state: str) -> str:
    return f"<{name}><code>{CODES[state]}</code><name>{state}</name></{name}>"


def _xml(action: str, inner: str) -> web.Response:
    space = "http://ec2.amazonaws.com/doc/2016-11-15/"
    text = f'<{action}Response xmlns="{space}"><requestId>r</requestId>{inner}</{action}Response>'
    return web.Response(text=text, content_type="text/xml")


def _result(action: str, inner: str) -> web.Response:
    space = "http://autoscaling.amazonaws.com/doc/2011-01-01/"
    result = f"<{action}Result>{inner}</{action}Result>"
    text = f'<{action}Response xmlns="{space}">{result}<ResponseMetadata/></{action}Response>'
    return web.Response(text=text, content_type="text/xml")


def _error(code: str, message: str) -> web.Response:
    text = f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors></Response>"
    return web.Response(status=SERVER_ERRORS.get(code, 400), text=text, content_type="text/xml")


def _query_error(code: str, message: str) -> web.Response:
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    text = f'<ErrorResponse xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/">{error}</ErrorResponse>'
    return web.Response(status=SERVER_ERRORS.get(code, 400), text=text, content_type="text/xml")
