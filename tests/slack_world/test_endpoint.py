"""HTTP mode: signatures, proof of the URL, and retries."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from slack_sdk.signature import SignatureVerifier

from tests.fakes.slack_world import Application, EndpointRefused, NoAnswer
from tests.fakes.slack_world.endpoint import Endpoint, signed
from tests.slack_world.parrot import parrot_by_http
from tests.slack_world.stage import Stage, set_stage


class Receiver:
    """Answers what it is told to, signatures or not."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.heard: list[web.BaseRequest] = []
        self.bodies: list[str] = []
        self.answers: list[web.Response] = []
        self.gate: asyncio.Event | None = None

    async def serve(self, request: web.BaseRequest) -> web.Response:
        self.heard.append(request)
        self.bodies.append(await request.text())
        if self.gate is not None:
            await self.gate.wait()
        return self.answers.pop(0) if self.answers else web.Response()


@asynccontextmanager
async def receiver(stage: Stage) -> AsyncIterator[Receiver]:
    heard = Receiver("")
    runner = web.ServerRunner(web.Server(heard.serve))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    heard.url = f"http://{host}:{port}/"
    endpoint = Endpoint(stage.slack.world, heard.url)
    stage.slack.world.carrier = endpoint
    try:
        yield heard
    finally:
        await endpoint.aclose()
        await runner.cleanup()


def test_signature_is_as_in_slacks_own_example() -> None:
    """The vector that Slack's page on verifying requests gives."""
    app = Application(signing_secret="8f742231b10e8888abcd99yyyzzz85a5")
    body = (
        "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&"
        "channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&"
        "response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&"
        "trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    headers = signed(body.encode(), app.signing_secret, 1531420618)
    expected = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    assert headers["X-Slack-Signature"] == expected
    assert SignatureVerifier(app.signing_secret).generate_signature(timestamp="1531420618", body=body) == expected


async def test_the_real_app_proves_itself() -> None:
    async with set_stage() as stage, parrot_by_http(stage.slack, stage.team):
        assert stage.slack.world.carrier is stage.slack._endpoints[0]
        statuses = stage.slack._endpoints[0].statuses
        assert statuses[:2] == [200, 200]
        assert set(statuses[2:]) == {401}


async def test_an_endpoint_that_believes_everything_is_refused() -> None:
    async with set_stage() as stage, receiver(stage) as heard:
        with pytest.raises(EndpointRefused, match="url_verification was answered with 200"):
            await stage.slack.deliver_to(heard.url)
        endpoint = Endpoint(stage.slack.world, heard.url)
        with pytest.raises(EndpointRefused, match="signature with another secret was answered with 200"):
            await endpoint.check_signatures()
        await endpoint.aclose()


async def test_what_is_posted() -> None:
    async with set_stage() as stage, receiver(stage) as heard:
        heard.answers.append(web.json_response({"text": "soon"}))
        shown = await stage.ada.slash(stage.channel, "/repeat", "a b")
        assert (shown.text, heard.heard[0].content_type) == ("soon", "application/x-www-form-urlencoded")
        assert "command=%2Frepeat&text=a+b" in heard.bodies[0]
        heard.answers.append(web.Response(text="plain words"))
        assert (await stage.ada.slash(stage.channel, "/repeat")).text == "plain words"
        await stage.ada.mention(stage.channel, "hello")
        await stage.slack.settle(0.01)
        assert heard.heard[2].content_type == "application/json"
        await stage.ada.shortcut(stage.channel.messages[0], "any")
        assert heard.bodies[3].startswith("payload=%7B")


async def test_events_are_posted_again_with_a_reason() -> None:
    async with set_stage() as stage, receiver(stage) as heard:
        heard.answers += [web.Response(status=500), web.Response(status=503)]
        await stage.ada.mention(stage.channel, "hello")
        await stage.slack.until(lambda: len(heard.heard) == 2)
        assert heard.heard[1].headers["X-Slack-Retry-Num"] == "1"
        assert heard.heard[1].headers["X-Slack-Retry-Reason"] == "http_error"
        assert heard.bodies[0] == heard.bodies[1]
        delivery = stage.slack.delivery("app_mention")
        await stage.slack.until(lambda: delivery.attempts == 2)
        stage.slack.advance(61)
        await stage.slack.until(lambda: delivery.acked)
        assert heard.heard[2].headers["X-Slack-Retry-Num"] == "2"


async def test_a_bot_can_ask_for_no_retry() -> None:
    async with set_stage() as stage, receiver(stage) as heard:
        heard.answers.append(web.Response(status=500, headers={"X-Slack-No-Retry": "1"}))
        await stage.ada.mention(stage.channel, "hello")
        await stage.slack.until(lambda: stage.slack.delivery("app_mention").failed)
        assert len(heard.heard) == 1


async def test_commands_are_not_posted_again() -> None:
    async with set_stage() as stage, receiver(stage) as heard:
        heard.answers.append(web.Response(status=500))
        with pytest.raises(NoAnswer, match="dispatch_failed"):
            await stage.ada.slash(stage.channel, "/repeat")
        assert len(heard.heard) == 1


async def test_a_slow_answer_is_too_late() -> None:
    async with set_stage() as stage, receiver(stage) as heard:
        heard.gate = asyncio.Event()
        asking = asyncio.create_task(stage.ada.slash(stage.channel, "/repeat"))
        await stage.ada.mention(stage.channel, "hello")
        await stage.slack.until(lambda: len(stage.slack.deliveries) == 2)
        stage.slack.advance(3.1)
        with pytest.raises(NoAnswer, match="operation_timeout"):
            await asking
        heard.gate.set()
        await stage.slack.until(lambda: stage.slack.delivery("app_mention").acked)
        assert stage.slack.delivery("app_mention").retry_reason == "timeout"
