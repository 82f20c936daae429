"""POST /discord/interactions: interactions as Discord sends them by HTTP, each signed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import structlog
from aiohttp import web
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from config.errors import InvalidSettings

PATH = "/discord/interactions"
PING, PONG = 1, 1
BODY_WITHIN_S = 5.0
"""Nobody has proved anything before the body is there; Discord itself waits no longer than three."""

log = structlog.get_logger(__name__)


class InteractionsEndpoint:
    """Takes what Discord has signed; `take` gets it as the gateway would have brought it.

    The answer goes the way it goes for the gateway, by a call of ours; this one only says that it was taken.
    """

    def __init__(self, public_key: str, take: Callable[[Any], None], body_within_s: float = BODY_WITHIN_S) -> None:
        """Raises InvalidSettings when that is no key."""
        self._body_within_s = body_within_s
        self._key = read_public_key(public_key)
        self._take = take

    def routes(self) -> list[web.AbstractRouteDef]:
        return [web.post(PATH, self.answer)]

    async def answer(self, request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(self._body_within_s):
                body = await request.read()
        except TimeoutError:
            return web.Response(status=408, text="That took too long.", headers={"Connection": "close"})
        if not self._is_signed(request, body):
            return web.Response(status=401, text="That is not signed by Discord.")
        try:
            payload = json.loads(body)
            if payload["type"] == PING:
                return web.json_response({"type": PONG})
            self._take(payload)
        except (ValueError, KeyError, TypeError) as error:
            log.warning("discord.unreadable_interaction", problem=type(error).__name__)
            return web.Response(status=400, text="I can't read that.")
        return web.Response(status=202)

    def _is_signed(self, request: web.Request, body: bytes) -> bool:
        try:
            signature = bytes.fromhex(request.headers.get("X-Signature-Ed25519", ""))
            timestamp = request.headers.get("X-Signature-Timestamp", "").encode()
            self._key.verify(timestamp + body, signature)
        except (BadSignatureError, ValueError):
            return False
        return True


def read_public_key(public_key: str) -> VerifyKey:
    try:
        return VerifyKey(bytes.fromhex(public_key))
    except (ValueError, TypeError) as error:
        raise InvalidSettings(
            "discord.public_key must be 64 hexadecimal digits; copy it from the developer portal, General Information."
        ) from error
