"""Where Slack and browsers call: events with a signature, and the two pages of an installation."""

from __future__ import annotations

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow

from bots.slack_bot.manifest import EVENTS_PATH, REDIRECT_PATH

INSTALL = "/slack/install"


def event_routes(app: AsyncApp) -> list[web.AbstractRouteDef]:
    """Bolt checks the signature, and that it is at most five minutes old."""

    async def answer(request: web.Request) -> web.Response:
        return await to_aiohttp_response(await app.async_dispatch(await to_bolt_request(request)))

    return [web.post(EVENTS_PATH, answer)]


def install_routes(flow: AsyncOAuthFlow) -> list[web.AbstractRouteDef]:
    async def begin(request: web.Request) -> web.Response:
        return await to_aiohttp_response(await flow.handle_installation(await to_bolt_request(request)))

    async def end(request: web.Request) -> web.Response:
        return await to_aiohttp_response(await flow.handle_callback(await to_bolt_request(request)))

    return [web.get(INSTALL, begin), web.get(REDIRECT_PATH, end)]
