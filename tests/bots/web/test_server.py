"""Binding, and what a restart keeps."""

from __future__ import annotations

import socket

import pytest
from pydantic import SecretStr

from backends.factory import Backends
from bots.core import Core
from bots.web.server import WebServer
from config.errors import InvalidSettings
from config.settings import Settings, WebSettings
from tests.fakes.memory_store import MemoryStore
from tests.fakes.page import serve_page
from tests.fakes.scripted_backend import ScriptedBackend


def make_server(web: WebSettings) -> WebServer:
    backend = ScriptedBackend()
    return WebServer(Core(Settings(web=web), MemoryStore(), Backends({"local": backend}, "local")), web)


async def test_a_port_in_use_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InvalidSettings, match=rf"^web.port {port} is in use by another program; stop it or choose"):
            await make_server(WebSettings(port=port)).start()


async def test_a_foreign_address_is_named() -> None:
    web = WebSettings(host="203.0.113.7", port=0, token=SecretStr("sesame"))
    with pytest.raises(InvalidSettings, match=r'^web.host "203.0.113.7" is not an address of this machine'):
        await make_server(web).start()


def test_an_open_address_without_token_is_refused_before_anything_starts() -> None:
    with pytest.raises(InvalidSettings, match=r"^web.host 0.0.0.0 can be reached"):
        make_server(WebSettings(host="0.0.0.0"))


async def test_what_was_being_written_is_finished_after_a_restart() -> None:
    store, before = MemoryStore(), ScriptedBackend()
    before.hold(after=3)
    async with serve_page(before, store) as page, page.events() as events:
        request_id = (await page.send("/complete length=6 Once"))["request_id"]
        await events.until("result", status="writing")
    async with serve_page(ScriptedBackend(), store) as page:
        await page.core.jobs.wait(request_id)
        view = await page.result(request_id)
        assert view["status"] == "done"
        assert view["samples"][0]["text"] == " a lighthouse keeper who collected the"
