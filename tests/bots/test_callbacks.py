"""The address that platforms call."""

from __future__ import annotations

import io
import socket

import aiohttp
import pytest
from aiohttp import web

from bots.callbacks import MAX_BODY_BYTES, CallbackServer
from config.errors import InvalidSettings
from config.settings import CallbackSettings


async def echo(request: web.Request) -> web.Response:
    return web.Response(text=str(len(await request.read())))


async def test_answers_on_the_routes_that_were_added_and_no_others() -> None:
    server = CallbackServer(CallbackSettings(port=0))
    assert not server.is_needed
    server.add([web.post("/platform", echo)])
    assert server.is_needed
    url = await server.start()
    try:
        async with aiohttp.ClientSession() as session:
            async with session.post(f"{url}/platform", data=b"four") as answer:
                assert (answer.status, await answer.text()) == (200, "4")
            async with session.post(f"{url}/platform", data=io.BytesIO(b"x" * (MAX_BODY_BYTES + 1))) as answer:
                assert answer.status == 413
            async with session.get(url) as answer:
                assert answer.status == 404
    finally:
        await server.aclose()


async def test_a_port_in_use_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InvalidSettings, match=rf"^callbacks.port {port} is in use by another program"):
            await CallbackServer(CallbackSettings(port=port)).start()


async def test_a_foreign_address_is_named() -> None:
    with pytest.raises(InvalidSettings, match=r"^I can't listen on callbacks.host 203.0.113.7, port 0"):
        await CallbackServer(CallbackSettings(host="203.0.113.7", port=0)).start()
