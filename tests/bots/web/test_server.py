"""Binding, and what a restart keeps."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from backends.factory import Backends
from backends.store.sqlite import SqliteStore
from bots.core import Core
from bots.web.server import WebServer
from config.errors import InvalidSettings
from config.settings import Settings, WebSettings
from tests.fakes.page import serve_page
from tests.fakes.scripted_backend import ScriptedBackend


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = await SqliteStore.open(tmp_path / "inkling.db")
    yield opened
    await opened.aclose()


def make_server(store: SqliteStore, web: WebSettings) -> WebServer:
    return WebServer(Core(Settings(web=web), store, Backends({"local": ScriptedBackend()}, "local")), web)


async def test_a_port_in_use_is_named(store: SqliteStore) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InvalidSettings, match=rf"^web.port {port} is in use by another program; stop it or choose"):
            await make_server(store, WebSettings(port=port)).start()


@pytest.mark.parametrize(
    ("host", "shown"),
    [("203.0.113.7", "203.0.113.7"), ("ü..x", "ü..x"), ("a" * 100, "a" * 39 + "…"), ("a\x00", r"a\x00")],
)
async def test_a_foreign_address_is_named(store: SqliteStore, host: str, shown: str) -> None:
    web = WebSettings(host=host, port=0, token=SecretStr("sesame"))
    with pytest.raises(InvalidSettings) as refused:
        await make_server(store, web).start()
    assert refused.value.sentence == f'web.host "{shown}" is not an address of this machine; use 127.0.0.1.'


def test_an_open_address_without_token_is_refused_before_anything_starts(store: SqliteStore) -> None:
    with pytest.raises(InvalidSettings, match=r"^web.host 0.0.0.0 can be reached"):
        make_server(store, WebSettings(host="0.0.0.0"))


async def test_what_was_being_written_is_finished_after_a_restart(store: SqliteStore) -> None:
    before = ScriptedBackend()
    before.hold(after=3)
    async with serve_page(before, store) as page, page.events() as events:
        request_id = (await page.send("/complete length=6 Once"))["request_id"]
        await events.until("result", status="writing")
    async with serve_page(ScriptedBackend(), store) as page:
        await page.core.jobs.wait(request_id)
        view = await page.result(request_id)
        assert view["status"] == "done"
        assert view["samples"][0]["text"] == " a lighthouse keeper who collected the"
