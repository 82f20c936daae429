"""Interactions over HTTP, to an application that verifies them as it should, and to some that do not."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from tests.discord_world.raw_client import QUIET, reasons
from tests.discord_world.stage import Stage, set_stage
from tests.fakes.discord_world import Ack, EndpointRefused, NoAnswer

HELLO = {"type": 4, "data": {"content": "hello"} | QUIET}
COMPLETE = {"id": "1", "type": 1, "name": "complete", "description": "Finish a text", "options": []}


class Application:
    """Answers every interaction with the same."""

    def __init__(self, public_key: str, answer: Any = HELLO, status: int = 200, *, careless: bool = False) -> None:
        self._key = VerifyKey(bytes.fromhex(public_key))
        self._answer, self._status, self._careless = answer, status, careless
        self.heard: list[dict[str, Any]] = []

    async def serve(self, request: web.Request) -> web.Response:
        body = await request.read()
        if not self._careless and not self._verified(request, body):
            return web.Response(status=401)
        interaction = json.loads(body)
        if interaction["type"] == 1:
            return web.json_response({"type": 1})
        self.heard.append(interaction)
        if self._answer is None:
            return web.Response(status=self._status)
        return web.json_response(self._answer, status=self._status)

    def _verified(self, request: web.Request, body: bytes) -> bool:
        try:
            signature = bytes.fromhex(request.headers["X-Signature-Ed25519"])
            self._key.verify(request.headers["X-Signature-Timestamp"].encode() + body, signature)
        except (KeyError, ValueError, BadSignatureError):
            return False
        return True


@asynccontextmanager
async def served(application: Application) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/interactions", application.serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/interactions"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def connected(**answering: Any) -> AsyncIterator[tuple[Stage, Application]]:
    async with set_stage() as stage:
        application = Application(stage.discord.public_key, **answering)
        await stage.api("PUT", f"/applications/{stage.discord.bot.id}/commands", [COMPLETE])
        async with served(application) as url:
            await stage.discord.deliver_interactions_to(url)
            yield stage, application


async def test_the_answer_may_come_inline() -> None:
    async with connected() as (stage, application):
        shown = await stage.ada.slash(stage.channel, "complete")
        assert (shown.ack, shown.text) == (Ack.MESSAGE, "hello")
        assert application.heard[0]["member"]["user"]["id"] == str(stage.ada.id)
        assert reasons(stage.discord) == ""


async def test_an_inline_answer_is_held_to_the_rules() -> None:
    async with connected(answer={"type": 4, "data": {"content": "x" * 2001}}) as (stage, _):
        with pytest.raises(NoAnswer, match="refused"):
            await stage.ada.slash(stage.channel, "complete")
        assert "content: Must be 2000" in reasons(stage.discord)


async def test_or_the_callback_route_is_used_after_202() -> None:
    async with connected(answer=None, status=202) as (stage, application):

        async def answer_by_callback() -> None:
            await stage.discord.until(lambda: application.heard)
            heard = application.heard[0]
            await stage.api("POST", f"/interactions/{heard['id']}/{heard['token']}/callback", HELLO)

        import asyncio

        answering = asyncio.create_task(answer_by_callback())
        shown = await stage.ada.slash(stage.channel, "complete")
        await answering
        assert shown.text == "hello"


@pytest.mark.parametrize("status", [401, 404, 500])
async def test_any_other_status_is_no_answer(status: int) -> None:
    async with connected(answer=None, status=status) as (stage, _):
        with pytest.raises(NoAnswer, match=f"the endpoint answered {status}"):
            await stage.ada.slash(stage.channel, "complete")
        assert f"the endpoint answered {status}" in reasons(stage.discord)


async def test_an_application_that_takes_bad_signatures_is_not_accepted() -> None:
    async with set_stage() as stage, served(Application(stage.discord.public_key, careless=True)) as url:
        with pytest.raises(EndpointRefused, match="a signature by another key was answered with 200"):
            await stage.discord.deliver_interactions_to(url)


async def test_nor_is_one_that_holds_another_key() -> None:
    async with set_stage() as stage, served(Application("ab" * 32)) as url:
        with pytest.raises(EndpointRefused, match="a PING was answered with 401"):
            await stage.discord.deliver_interactions_to(url)
