"""Who may talk to the page."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
from pydantic import SecretStr

from bots.web.access import check_binding
from config.errors import InvalidSettings
from config.settings import WebSettings
from tests.fakes.page import PageClient, serve_page

TOKEN = "an open sesame – with ümlauts"
LOCKED = WebSettings(port=0, token=SecretStr(TOKEN), allowed_hosts=("ink.example.org",))


@pytest.fixture
async def page() -> AsyncIterator[PageClient]:
    async with serve_page() as client:
        yield client


@pytest.fixture
async def locked() -> AsyncIterator[PageClient]:
    async with serve_page(web=LOCKED) as client:
        yield client


async def status(page: PageClient, path: str, method: str = "GET", **headers: str) -> int:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    data = b"{}" if method == "POST" else None
    if method == "POST":
        sent.setdefault("Content-Type", "application/json")
    timeout = aiohttp.ClientTimeout(total=20)
    async with (
        aiohttp.ClientSession(timeout=timeout) as http,
        http.request(method, page.url + path, headers=sent, data=data, allow_redirects=False) as response,
    ):
        return response.status


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1", "[::1]:8017", "LOCALHOST"])
async def test_loopback_names_are_answered(page: PageClient, host: str) -> None:
    assert await status(page, "/api/session", Host=host) == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "", "[", "10.0.0.1"])
async def test_other_names_are_not(page: PageClient, host: str) -> None:
    assert await status(page, "/api/session", Host=host) in (400, 403)
    assert await status(page, "/healthz", Host=host) in (400, 403)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://["])
async def test_other_sites_may_neither_write_nor_listen(page: PageClient, origin: str) -> None:
    assert await status(page, "/generate", "POST", Origin=origin) == 403
    assert await status(page, "/api/config", "POST", Origin=origin) == 403
    assert await status(page, "/api/events", Origin=origin) == 403
    assert await status(page, "/api/session", Origin=origin) == 403


async def test_the_pages_own_origin_may(page: PageClient) -> None:
    assert await status(page, "/api/presets", "POST", Origin=page.url) == 400  # Heard, and missing a name.
    assert await status(page, "/api/session", Sec_Fetch_Site="same-origin") == 200


async def test_what_browsers_say_of_cross_site_requests_counts(page: PageClient) -> None:
    assert await status(page, "/api/session", Sec_Fetch_Site="cross-site") == 403
    assert await status(page, "/", Sec_Fetch_Site="cross-site") == 200  # A link to the page.


async def test_a_form_of_another_site_is_not_json(page: PageClient) -> None:
    assert await status(page, "/api/config", "POST", Content_Type="text/plain") == 415


async def test_every_answer_forbids_what_the_page_does_not_need(page: PageClient) -> None:
    for path in ("/", "/api/session", "/nowhere", "/page/main.js", "/api/events"):
        async with page.http.get(page.url + path) as response:
            policy = response.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert response.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("path", ["/api/session", "/api/events", "/metrics", "/page/main.js", "/"])
async def test_without_the_token_nothing_but_health_is_told(locked: PageClient, path: str) -> None:
    assert await status(locked, path) == 401
    assert await status(locked, path, Authorization="Bearer wrong") == 401
    assert await status(locked, path, Cookie="inkling_token=wrong") == 401
    assert await status(locked, path + "?token=wrong") == 401
    assert await status(locked, "/healthz") == 200


async def test_the_form_says_when_a_token_is_not_right(locked: PageClient) -> None:
    for query, is_told in (("", False), ("?token=", True), ("?token=<b>wrong", True)):
        async with locked.http.get(f"{locked.url}/{query}") as response:
            html = await response.text()
        assert ("That token is not right." in html) == is_told
        assert "wrong<" not in html
        assert "<b>" not in html


@pytest.mark.parametrize("name", ["base.css", "token.css", "icon.svg"])
async def test_what_the_form_is_drawn_with_needs_no_token(locked: PageClient, name: str) -> None:
    assert await status(locked, f"/page/{name}") == 200
    assert await status(locked, f"/page/{name}", Host="evil.example") == 403
    assert await status(locked, f"/page/{name}/../main.js") == 401


async def test_a_bearer_token_opens(locked: PageClient) -> None:
    async with locked.http.get(locked.url + "/api/session", headers={"Authorization": "Bearer wrong"}) as response:
        assert (await response.json())["error"]["code"] == "token_needed"
    ascii_page = WebSettings(port=0, token=SecretStr("sesame"))
    async with serve_page(web=ascii_page) as page:
        assert await status(page, "/api/session", Authorization="Bearer sesame") == 200


async def test_the_token_in_the_address_becomes_a_cookie(locked: PageClient) -> None:
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as http:
        async with http.get(locked.url + "/", params={"token": TOKEN}, allow_redirects=False) as response:
            assert (response.status, response.headers["Location"]) == (303, "/")
            cookie = response.headers["Set-Cookie"]
            assert "HttpOnly" in cookie
            assert "SameSite=Strict" in cookie
            assert TOKEN not in cookie
        async with http.get(locked.url + "/api/session") as response:
            assert response.status == 200


async def test_names_the_operator_allows_are_answered(locked: PageClient) -> None:
    assert await status(locked, "/healthz", Host="ink.example.org") == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "ink.example.org"])
def test_an_open_address_needs_a_token(host: str) -> None:
    with pytest.raises(InvalidSettings, match=r"set web.token too, or use 127.0.0.1"):
        check_binding(WebSettings(host=host))
    check_binding(WebSettings(host=host, token=SecretStr("sesame")))
