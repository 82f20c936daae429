"""Where Slack and browsers call: events with a signature, and the two pages of an installation."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qs

import structlog
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_sdk.signature import SignatureVerifier

from bots.slack_bot.failures import UNREACHABLE, code_of
from bots.slack_bot.manifest import EVENTS_PATH, REDIRECT_PATH

INSTALL = "/slack/install"
READ_WITHIN_S = 10.0
"""How long a call may take to arrive; Slack itself gives up after three seconds."""
BROKEN_OFF = f"Slack didn't answer while Inkling was being installed. Open {INSTALL} and try again."
_LONGEST_PROBE = 1000

log = structlog.get_logger(__name__)


def event_routes(
    app: AsyncApp, signing_secret: str, read_within_s: float = READ_WITHIN_S
) -> list[web.AbstractRouteDef]:
    """Nothing is made of a call before its signature, at most five minutes old, is known to be Slack's: Bolt checks
    that too, but only after it has parsed what may be anybody's.
    """
    verifier = SignatureVerifier(signing_secret)

    async def answer(request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(read_within_s):
                body = await request.read()
        except TimeoutError:
            return web.Response(status=408)
        if not _is_slacks(verifier, request, body):
            return web.Response(status=200 if _is_probe(body) else 401)
        return await to_aiohttp_response(await app.async_dispatch(await to_bolt_request(request)))

    return [web.post(EVENTS_PATH, answer)]


def _is_slacks(verifier: SignatureVerifier, request: web.Request, body: bytes) -> bool:
    try:
        return verifier.is_valid_request(body, dict(request.headers))
    except (ValueError, TypeError):  # A time that is no number, letters no signature has, a body that is no text.
        return False


def _is_probe(body: bytes) -> bool:
    """Slack's own look whether the address has TLS, which needs no more than a yes."""
    return len(body) <= _LONGEST_PROBE and parse_qs(body.decode("latin-1")).get("ssl_check") == ["1"]


def install_routes(flow: AsyncOAuthFlow) -> list[web.AbstractRouteDef]:
    async def begin(request: web.Request) -> web.Response:
        return await to_aiohttp_response(await flow.handle_installation(await to_bolt_request(request)))

    async def end(request: web.Request) -> web.Response:
        try:
            return await to_aiohttp_response(await flow.handle_callback(await to_bolt_request(request)))
        except UNREACHABLE as error:
            log.warning("slack.not_installed", code=code_of(error) or type(error).__name__)
            return web.Response(status=502, text=BROKEN_OFF)

    return [web.get(INSTALL, begin), web.get(REDIRECT_PATH, end)]
