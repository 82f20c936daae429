"""Who may talk to the page: names it answers to, pages it listens to, and the token."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

from bots.web.errors import TokenNeeded
from bots.web.token_page import FILES, token_page
from config.errors import InvalidSettings, NotAllowed
from config.settings import WebSettings

COOKIE = "inkling_token"
_OPEN_PATHS = frozenset({"/healthz"}) | FILES
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_COOKIE_SECONDS = 30 * 24 * 3600
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_binding(settings: WebSettings) -> None:
    """InvalidSettings when others could reach the page and nothing would stop them."""
    if settings.token is None and not is_loopback(settings.host):
        raise InvalidSettings(
            f"web.host {settings.host} can be reached from other machines; set web.token too, or use 127.0.0.1."
        )


class Guard:
    """Checks each request before any handler sees it. All messages are safe to show to strangers."""

    def __init__(self, settings: WebSettings) -> None:
        self._settings = settings
        self._token = settings.token.get_secret_value() if settings.token else None
        self._names = _LOOPBACK_NAMES | {settings.host.lower()} | {name.lower() for name in settings.allowed_hosts}
        self._everywhere = settings.host in ("0.0.0.0", "::")

    @web.middleware
    async def check(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self._check_host(request)
        _check_origin(request)
        if request.path in _OPEN_PATHS or self._token is None:
            return await handler(request)
        if (given := request.query.get("token")) is not None and request.method == "GET" and self._matches(given):
            return self._remember(request)
        if not self._is_known(request):
            return _ask_for_token(request)
        return await handler(request)

    def _check_host(self, request: web.Request) -> None:
        """A site that points its own name at this machine (DNS rebinding) sends that name here."""
        name = (urlsplit(f"//{request.host}").hostname or "") if _is_readable(request.host) else ""
        if name in self._names or (self._everywhere and _is_address(name)):
            return
        raise NotAllowed("I don't answer to that host name; add it to web.allowed_hosts if it is mine.")

    def _is_known(self, request: web.Request) -> bool:
        scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self._matches(bearer.strip()):
            return True
        return _same(request.cookies.get(COOKIE, ""), self._cookie())

    def _matches(self, given: str) -> bool:
        return self._token is not None and _same(given, self._token)

    def _cookie(self) -> str:
        """What the browser keeps; the token itself can't be read back from it."""
        return hmac.new((self._token or "").encode(), b"inkling page", hashlib.sha256).hexdigest()

    def _remember(self, request: web.Request) -> web.StreamResponse:
        response = web.Response(status=303, headers={"Location": "/"})
        response.set_cookie(
            COOKIE, self._cookie(), max_age=_COOKIE_SECONDS, httponly=True, samesite="Strict", secure=request.secure
        )
        return response


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """On every response, streams and errors too."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store" if request.path.startswith("/api/") else "no-cache")


def _check_origin(request: web.Request) -> None:
    """Other sites may neither change anything here nor read along."""
    origin = request.headers.get("Origin")
    foreign = origin is not None and not _is_own(origin, request)
    site = request.headers.get("Sec-Fetch-Site", "none")
    reads_page = request.method in ("GET", "HEAD") and not request.path.startswith("/api/")
    if foreign or (site not in ("none", "same-origin") and not reads_page):
        raise NotAllowed("That came from another site's page; open mine and try again there.")


def _is_own(origin: str, request: web.Request) -> bool:
    return _is_readable(origin) and urlsplit(origin).netloc.lower() == request.host.lower()


def _ask_for_token(request: web.Request) -> web.StreamResponse:
    if request.path == "/" and request.method == "GET":
        return web.Response(text=token_page(is_wrong="token" in request.query), content_type="text/html", status=401)
    raise TokenNeeded("This needs the page's token: open the page with ?token=…, or send Authorization: Bearer ….")


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), wanted.encode())


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_readable(address: str) -> bool:
    try:
        return urlsplit(address if "//" in address else f"//{address}").hostname is not None
    except ValueError:
        return False
