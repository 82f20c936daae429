"""Installing the app by OAuth: a person's browser, and Slack's page that asks for consent."""

from __future__ import annotations

import html
import re
import secrets
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import aiohttp

if TYPE_CHECKING:
    from tests.fakes.slack_world.people import User

CODE_LASTS_S = 600.0
AUTHORIZE = re.compile(r"https?://[^\"'\s<>]+/oauth/v2/authorize\?[^\"'\s<>]+")
DEFAULT_REDIRECT = "/slack/oauth_redirect"


@dataclass(frozen=True)
class Grant:
    """A person's consent, waiting to be exchanged for a token."""

    user: User
    scopes: tuple[str, ...]
    redirect_uri: str
    expires_at: float


@dataclass
class Page:
    """What the browser shows."""

    url: str
    status: int
    text: str
    asked: dict[str, str] = field(default_factory=dict)
    """What the app asked Slack's consent page for."""


class Browser:
    """Keeps cookies by itself, since the bot's are marked secure and loopback has no TLS."""

    def __init__(self, session: aiohttp.ClientSession, *, keeps_cookies: bool = True) -> None:
        self._session = session
        self._keeps = keeps_cookies
        self._cookies: dict[str, str] = {}

    async def get(self, url: str) -> tuple[Page, str]:
        """The page, and where it leads if it redirects."""
        cookie = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        headers = {"Cookie": cookie} if cookie else {}
        async with self._session.get(url, headers=headers, allow_redirects=False) as response:
            for line in response.headers.getall("Set-Cookie", []) if self._keeps else []:
                self._cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
            return Page(url, response.status, await response.text()), response.headers.get("Location", "")


async def install(
    user: User, url: str, *, allow: bool = True, state: str | None = None, keeps_cookies: bool = True
) -> Page:
    """From the app's install page through Slack's consent to the app's last page; `state` forges it."""
    async with aiohttp.ClientSession() as session:
        browser = Browser(session, keeps_cookies=keeps_cookies)
        first, location = await browser.get(url)
        found = AUTHORIZE.search(location or html.unescape(first.text))
        if found is None:
            return first
        asked = {name: values[0] for name, values in parse_qs(urlsplit(found[0]).query).items()}
        _check(user, asked)
        back = urlencode(_consent(user, asked, allow=allow) | {"state": state or asked.get("state", "")})
        last, _ = await browser.get(f"{_redirect_uri(user, asked, url)}?{back}")
        last.asked = asked
        return last


def _check(user: User, asked: dict[str, str]) -> None:
    world = user.world
    if asked.get("client_id") != world.app.client_id:
        world.violated("oauth", "/client_id", "is not the app's")
    if not asked.get("state"):
        world.violated("oauth", "/state", "is missing: anybody could make others install")
    if extra := set(asked.get("scope", "").split(",")) - set(world.app.scopes):
        world.violated("oauth", "/scope", f"{', '.join(sorted(extra))} is not in the manifest")
    allowed = world.app.redirect_urls
    if allowed is not None and "redirect_uri" in asked and not asked["redirect_uri"].startswith(allowed):
        world.violated("oauth", "/redirect_uri", "is not in the manifest")


def _consent(user: User, asked: dict[str, str], *, allow: bool) -> dict[str, str]:
    if not allow:
        return {"error": "access_denied"}
    scopes = tuple(filter(None, asked.get("scope", "").split(",")))
    return {"code": consent(user, scopes, asked.get("redirect_uri", ""))}


def consent(user: User, scopes: tuple[str, ...], redirect_uri: str) -> str:
    """A code that can be exchanged once."""
    code, expires_at = secrets.token_hex(16), user.world.clock.now() + CODE_LASTS_S
    user.world.grants[code] = Grant(user, scopes, redirect_uri, expires_at)
    return code


def _redirect_uri(user: User, asked: dict[str, str], url: str) -> str:
    """The one asked for, else the first the app has registered."""
    registered = user.world.app.redirect_urls or (urljoin(url, DEFAULT_REDIRECT),)
    return asked.get("redirect_uri") or registered[0]
