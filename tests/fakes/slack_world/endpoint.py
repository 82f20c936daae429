"""HTTP mode: Slack posts, signed, to the app's own URL."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import aiohttp

from tests.fakes.slack_world import post
from tests.fakes.slack_world.deliveries import ACK_S, Delivery, Kind

if TYPE_CHECKING:
    from tests.fakes.slack_world.world import World

FORM = "application/x-www-form-urlencoded"
REASONS = {"timeout": "http_timeout"}


class EndpointRefused(AssertionError):
    """Slack would not accept this URL."""


class Endpoint:
    def __init__(self, world: World, url: str) -> None:
        self.world = world
        self.url = url
        self.statuses: list[int] = []
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ACK_S * 2))
        self._under_way: set[asyncio.Task[None]] = set()

    async def aclose(self) -> None:
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        await self._session.close()

    # Proving.

    async def verify(self) -> None:
        """What Slack does when the URL is saved, and what it never says: bad signatures must not get through."""
        challenge = secrets.token_hex(16)
        asked = {"token": self.world.app.verification_token, "challenge": challenge, "type": "url_verification"}
        status, text = await self.post(json.dumps(asked).encode(), "application/json")
        if status != 200 or challenge not in text:
            raise EndpointRefused(f"url_verification was answered with {status} {text[:100]!r}")
        status, _ = await self.post(urlencode({"ssl_check": 1, "token": "x"}).encode(), FORM)
        if status != 200:
            raise EndpointRefused(f"ssl_check was answered with {status}")
        await self.check_signatures()

    async def check_signatures(self, body: bytes = b'{"type":"event_callback","event":{"type":"app_mention"}}') -> None:
        for name, headers in self.bad_signatures(body).items():
            status, _ = await self.post(body, "application/json", headers)
            if status not in (400, 401, 403):
                raise EndpointRefused(f"a {name} was answered with {status}, not 401")

    def bad_signatures(self, body: bytes) -> dict[str, dict[str, str]]:
        signature, stamp = "X-Slack-Signature", "X-Slack-Request-Timestamp"
        good, now = self.signed(body), self.world.clock.now()
        return {
            "signature with another secret": self.signed(body, secret="another"),
            "signature of another body": self.signed(body + b" ") | {stamp: good[stamp]},
            "signature six minutes old": self.signed(body, at=now - 360),
            "signature from the future": self.signed(body, at=now + 360),
            "signature of another time": good | {stamp: str(int(good[stamp]) - 1)},
            "signature that is no signature": good | {signature: "v0=none"},
            "request without a signature": {stamp: good[stamp]},
            "request without a timestamp": {signature: good[signature]},
            "request without either": {},
        }

    def signed(self, body: bytes, *, secret: str | None = None, at: float | None = None) -> dict[str, str]:
        return signed(body, secret or self.world.app.signing_secret, self.world.clock.now() if at is None else at)

    async def post(self, body: bytes, kind: str, headers: dict[str, str] | None = None) -> tuple[int, str]:
        """With a good signature, unless told otherwise."""
        told = {"Content-Type": kind, "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)"}
        told |= self.signed(body) if headers is None else headers
        async with self._session.post(self.url, data=body, headers=told, allow_redirects=False) as response:
            self.statuses.append(response.status)
            return response.status, await response.text()

    # Delivering.

    def carry(self, delivery: Delivery) -> None:
        task = asyncio.create_task(self._deliver(delivery))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _deliver(self, delivery: Delivery) -> None:
        body, kind = _body(delivery)
        headers = self.signed(body) | _retry_headers(delivery)
        told = {"Content-Type": kind, "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)"}
        try:
            async with self._session.post(self.url, data=body, headers=told | headers) as response:
                self.statuses.append(response.status)
                delivery.gives_up = response.headers.get("X-Slack-No-Retry") == "1"
                self._took(delivery, response.status, await response.text())
        except TimeoutError:
            post.missed(self.world, delivery, "timeout")
        except aiohttp.ClientError:
            post.missed(self.world, delivery, "connection_failed")

    def _took(self, delivery: Delivery, status: int, text: str) -> None:
        if not 200 <= status < 300:
            post.missed(self.world, delivery, "http_error")
        else:
            post.acked(self.world, delivery, _payload(text) if delivery.kind is not Kind.EVENT else None)


def signed(body: bytes, secret: str, at: float) -> dict[str, str]:
    stamp = str(int(at))
    base = b"v0:" + stamp.encode() + b":" + body
    signature = "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
    return {"X-Slack-Signature": signature, "X-Slack-Request-Timestamp": stamp}


def _body(delivery: Delivery) -> tuple[bytes, str]:
    if delivery.kind is Kind.EVENT:
        return json.dumps(delivery.payload).encode(), "application/json"
    if delivery.kind is Kind.COMMAND:
        return urlencode(delivery.payload).encode(), FORM
    return urlencode({"payload": json.dumps(delivery.payload)}).encode(), FORM


def _retry_headers(delivery: Delivery) -> dict[str, str]:
    """Commands and clicks that come again say nothing of it."""
    if not delivery.attempts or delivery.kind is not Kind.EVENT:
        return {}
    reason = REASONS.get(delivery.retry_reason, delivery.retry_reason)
    return {"X-Slack-Retry-Num": str(delivery.attempts), "X-Slack-Retry-Reason": reason}


def _payload(text: str) -> dict[str, Any] | None:
    """A command may be answered with plain text."""
    if not text.strip():
        return None
    try:
        held = json.loads(text)
    except ValueError:
        return {"text": text}
    return held if isinstance(held, dict) else {"text": text}
