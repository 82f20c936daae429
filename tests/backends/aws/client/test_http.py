"""Signed requests, as whoever checks the signature sees them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from backends.aws.client.http import SERVICE, SignedHttp
from backends.aws.client.transport import Answer, NotReached, Question
from config.errors import BackendUnavailable
from tests.fakes.aws_keys import KEYS
from tests.fakes.ministack import REGION
from tests.fakes.openai_server import serve


class Checker:
    """Signs what arrived once more, and compares."""

    def __init__(self) -> None:
        self.verdicts: list[bool] = []

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        given = request.headers["Authorization"]
        again = AWSRequest(request.method, str(request.url), {"content-type": "application/json"}, body)
        again.context["timestamp"] = request.headers["X-Amz-Date"]
        signer = _At(request.headers["X-Amz-Date"])
        signer.add_auth(again)
        self.verdicts.append(again.headers["Authorization"] == given)
        return web.json_response({"path": request.path_qs}, status=202, headers={"Retry-After": "7"})


class _At(SigV4Auth):
    """Signs as of then."""

    def __init__(self, timestamp: str) -> None:
        super().__init__(KEYS, SERVICE, REGION)
        self._then = timestamp

    def _modify_request_before_signing(self, request: AWSRequest) -> None:
        request.context["timestamp"] = self._then
        super()._modify_request_before_signing(request)


@pytest.fixture
async def checked() -> AsyncIterator[tuple[str, Checker]]:
    checker = Checker()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", checker.answer)
    async with serve(app) as url:
        yield url.removesuffix("/v1"), checker


@pytest.mark.parametrize(
    "question",
    [
        Question("GET", "/v1/health"),
        Question("GET", "/v1/jobs/01KB", {"wait": "15", "after": "1.7"}),
        Question("POST", "/v1/jobs", body={"prompt": "É 🖋 \x00 $(x)"}),
        Question("DELETE", "/v1/jobs/01KB"),
    ],
    ids=lambda question: f"{question.method} {question.path}",
)
async def test_the_signature_is_botocores_own(profile: str, checked: tuple[str, Checker], question: Question) -> None:
    url, checker = checked
    http = SignedHttp("aws", url, region=REGION, profile=profile)
    answer = await http.ask(question)
    await http.aclose()
    assert checker.verdicts == [True]
    assert answer.status == 202
    assert answer.retry_after_s == 7
    assert answer.body["path"].startswith(question.path)


async def test_nobody_there_is_not_reached(profile: str) -> None:
    http = SignedHttp("aws", "http://127.0.0.1:9", region=REGION, profile=profile)
    with pytest.raises(NotReached, match=r"^aws can't be reached \(ClientConnectorError\)\.$"):
        await http.ask(Question("GET", "/v1/health"))
    await http.aclose()


async def test_what_is_missing_is_told(profile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BackendUnavailable, match=r"^aws doesn't know its AWS region; set `region` in its settings\.$"):
        await SignedHttp("aws", "http://127.0.0.1:9", profile=profile).ask(Question("GET", "/"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    with pytest.raises(BackendUnavailable, match=r"^aws has no AWS credentials; give it some, or a role\.$"):
        await SignedHttp("aws", "http://127.0.0.1:9", region=REGION).ask(Question("GET", "/"))


async def test_an_answer_that_is_no_json_is_none(profile: str) -> None:
    app = web.Application()
    app.router.add_get("/", _page)
    async with serve(app) as url:
        http = SignedHttp("aws", url.removesuffix("/v1"), region=REGION, profile=profile)
        assert await http.ask(Question("GET", "/")) == Answer(200, None)
        await http.aclose()


async def _page(_request: web.Request) -> web.Response:
    return web.Response(text="<html>")


async def test_a_profile_that_isnt_there_is_told(profile: str) -> None:
    with pytest.raises(BackendUnavailable, match="nobody"):
        await SignedHttp("aws", "http://127.0.0.1:9", region=REGION, profile="nobody").ask(Question("GET", "/"))


async def test_credentials_that_cant_be_renewed_are_told(profile: str, tmp_path: Path) -> None:
    """They ran out, and who gave them wants a new sign-on: that shows no earlier than when they are used."""
    keys = {"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "S", "Expiration": "2020-01-01T00:00:00Z"}
    giver, given = tmp_path / "giver.sh", tmp_path / "given"
    again = f"[ -e {given} ] && {{ echo sign in again >&2; exit 1; }}"
    giver.write_text(f"{again}\ntouch {given}\necho '{json.dumps(keys)}'\n")
    (tmp_path / "none").write_text(f"[profile tired]\ncredential_process = sh {giver}\n")
    with pytest.raises(BackendUnavailable, match="sign in again"):
        await SignedHttp("aws", "http://127.0.0.1:9", region=REGION, profile="tired").ask(Question("GET", "/"))
    assert given.exists()


async def test_nothing_is_sent_on_to_where_an_answer_points(profile: str) -> None:
    asked: list[str] = []

    async def elsewhere(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    app = web.Application()
    app.router.add_get("/{path:.*}", elsewhere)
    async with serve(app) as url:
        http = SignedHttp("aws", url.removesuffix("/v1"), region=REGION, profile=profile)
        assert (await http.ask(Question("GET", "/v1/health"))).status == 307
        await http.aclose()
    assert asked == ["/v1/health"]


async def test_one_that_is_closed_asks_no_more(profile: str) -> None:
    http = SignedHttp("aws", "http://127.0.0.1:9", region=REGION, profile=profile)
    await http.aclose()
    with pytest.raises(BackendUnavailable, match=r"^aws is closed\.$"):
        await http.ask(Question("GET", "/v1/health"))
