"""The API's function invoked directly, by boto3 at a Lambda endpoint that the test serves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from backends.aws.api.messages import DIRECT
from backends.aws.backend import AwsBackend
from backends.aws.client.invoke import DirectInvoke
from backends.aws.client.jobs import JobsClient
from backends.aws.client.transport import Answer, NotReached, Question
from backends.echo import EchoBackend
from config.errors import BackendUnavailable
from tests.backends.contract import complete, request
from tests.fakes.aws_gateway import lambda_service
from tests.fakes.aws_plane import Plane
from tests.fakes.ministack import REGION
from tests.fakes.openai_server import serve

HEALTH = Question("GET", "/v1/health")


@asynccontextmanager
async def invoking(url: str, profile: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DirectInvoke]:
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", url)
    transport = DirectInvoke("aws", "inkling-api", region=REGION, profile=profile)
    yield transport
    await transport.aclose()


@dataclass
class Function:
    """Answers with what it is told to."""

    payload: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    invoked: int = 0
    transport: DirectInvoke = field(init=False)

    async def answer(self, _request: web.Request) -> web.Response:
        self.invoked += 1
        return web.json_response(self.payload, status=self.status, headers=self.headers)

    def fails(self, status: int, code: str) -> None:
        """As Lambda itself does."""
        self.payload, self.status, self.headers = {"message": "no"}, status, {"x-amzn-errortype": code}


@pytest.fixture
async def function(profile: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Function]:
    function, app = Function(), web.Application()
    app.router.add_post("/2015-03-31/functions/inkling-api/invocations", function.answer)
    async with serve(app) as url, invoking(url.removesuffix("/v1"), profile, monkeypatch) as function.transport:
        yield function


async def test_a_text_comes_that_way_too(profile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plane, engine = Plane(), EchoBackend("engine")
    async with (
        serve(lambda_service(plane.api(), "inkling-api")) as url,
        plane.working(engine),
        invoking(url.removesuffix("/v1"), profile, monkeypatch) as transport,
    ):
        backend = AwsBackend("aws", JobsClient("aws", transport))
        asked = request("Once $(x) `y` {{ssm:z}} 🖋 \x00", samples=2)
        assert (await complete(backend, asked)).texts == (await complete(engine, asked)).texts
        assert {job.owner for job in plane.jobs.jobs.values()} == {DIRECT}
        assert await backend.models() == ("fake-135m",)
        await backend.aclose()


async def test_an_answer_is_what_the_gateway_would_make_of_it(function: Function) -> None:
    function.payload = {"statusCode": 429, "headers": {"retry-after": "15"}, "body": '{"error": {}}'}
    assert await function.transport.ask(HEALTH) == Answer(429, {"error": {}}, 15.0)


@pytest.mark.parametrize("payload", [None, [], "x", 7, {}, {"statusCode": 200}, {"statusCode": "x", "body": "{}"}])
async def test_what_answers_as_no_api_does_is_no_answer(function: Function, payload: Any) -> None:
    function.payload = payload
    assert await function.transport.ask(HEALTH) == Answer(502, None)


async def test_a_function_that_broke_down_is_no_answer(function: Function) -> None:
    function.payload = {"statusCode": 200, "headers": {}, "body": "{}"}
    function.headers = {"X-Amz-Function-Error": "Unhandled"}
    assert await function.transport.ask(HEALTH) == Answer(502, None)


@pytest.mark.parametrize(
    ("code", "status", "sentence"),
    [
        ("AccessDeniedException", 403, "AWS doesn't allow Invoke on the function inkling-api; "),
        ("ResourceNotFoundException", 404, "AWS has no such thing as the function inkling-api any more"),
        ("InvalidClientTokenId", 403, "AWS refuses the credentials used to ask the function inkling-api"),
    ],
)
async def test_what_wont_pass_is_told_at_once(function: Function, code: str, status: int, sentence: str) -> None:
    function.fails(status, code)
    with pytest.raises(BackendUnavailable) as caught:
        await function.transport.ask(HEALTH)
    assert caught.value.sentence.startswith(sentence)
    assert function.invoked == 1


async def test_a_function_that_is_too_busy_may_not_be_later(function: Function) -> None:
    function.fails(429, "TooManyRequestsException")
    with pytest.raises(NotReached, match="AWS is throttling the function inkling-api"):
        await function.transport.ask(HEALTH)
    assert function.invoked > 1


async def test_a_profile_that_isnt_there_is_told(profile: str) -> None:
    transport = DirectInvoke("aws", "inkling-api", region=REGION, profile="nobody")
    with pytest.raises(BackendUnavailable, match="nobody"):
        await transport.ask(HEALTH)
    await transport.aclose()
