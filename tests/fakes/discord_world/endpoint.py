"""Interactions over HTTP: Discord posts them, signed, to the application's own endpoint."""

from __future__ import annotations

import asyncio
import json
import secrets
from typing import TYPE_CHECKING, Any

import aiohttp
from nacl.signing import SigningKey

from tests.fakes.discord_world.failures import Refused
from tests.fakes.discord_world.interactions import FIRST_ANSWER_S, Interaction
from tests.fakes.discord_world.rest.interactions import acknowledge
from tests.fakes.discord_world.rest.routing import Call, find

if TYPE_CHECKING:
    from tests.fakes.discord_world.rest.server import RestServer
    from tests.fakes.discord_world.world import World

AGENT = "Discord-Interactions/1.0 (+https://discord.com)"


class EndpointRefused(AssertionError):
    """Discord would not accept this URL, or would take it out again."""


class Endpoint:
    def __init__(self, world: World, url: str, key: SigningKey, rest: RestServer) -> None:
        self.world = world
        self.url = url
        self.statuses: list[int] = []
        self._key = key
        self._rest = rest
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=FIRST_ANSWER_S))
        self._deliveries: set[asyncio.Task[None]] = set()

    async def aclose(self) -> None:
        await asyncio.gather(*self._deliveries, return_exceptions=True)
        await self._session.close()

    async def verify(self) -> None:
        """What Discord does when the URL is saved, and from time to time afterwards."""
        ping = json.dumps(self._ping()).encode()
        status, answer = await self.post(ping)
        if status != 200 or answer != {"type": 1}:
            raise EndpointRefused(f"a PING was answered with {status} {answer}")
        for name, headers in self.bad_signatures(ping).items():
            status, _ = await self.post(ping, headers)
            if status != 401:
                raise EndpointRefused(f"a {name} was answered with {status}, not 401")

    def bad_signatures(self, body: bytes) -> dict[str, dict[str, str]]:
        good = self.signed(body)
        signature, stamp = "X-Signature-Ed25519", "X-Signature-Timestamp"
        of_other = SigningKey.generate().sign(good[stamp].encode() + body).signature.hex()
        return {
            "signature by another key": good | {signature: of_other},
            "signature of another body": self.signed(body + b" "),
            "signature of another time": good | {stamp: str(int(good[stamp]) + 1)},
            "signature that is no signature": good | {signature: "not hexadecimal"},
            "signature cut short": good | {signature: good[signature][:64]},
            "request without a signature": {stamp: good[stamp]},
            "request without a timestamp": {signature: good[signature]},
        }

    def signed(self, body: bytes) -> dict[str, str]:
        stamp = str(int(self.world.clock.now()))
        signature = self._key.sign(stamp.encode() + body).signature.hex()
        return {"X-Signature-Ed25519": signature, "X-Signature-Timestamp": stamp}

    async def post(self, body: bytes, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        told = {"Content-Type": "application/json", "User-Agent": AGENT}
        told |= self.signed(body) if headers is None else headers
        async with self._session.post(self.url, data=body, headers=told) as response:
            self.statuses.append(response.status)
            text = await response.text()
            return response.status, json.loads(text) if text and response.content_type == "application/json" else None

    def deliver(self, interaction: Interaction) -> None:
        task = asyncio.create_task(self._deliver(interaction))
        self._deliveries.add(task)
        task.add_done_callback(self._deliveries.discard)

    async def _deliver(self, interaction: Interaction) -> None:
        try:
            status, answer = await self.post(json.dumps(interaction.payload()).encode())
        except (aiohttp.ClientError, TimeoutError) as error:
            interaction.failed = f"the endpoint cannot be reached ({type(error).__name__})"
        else:
            self._take(interaction, status, answer)
        self.world.changes.announce()

    def _take(self, interaction: Interaction, status: int, answer: Any) -> None:
        """200 with the answer itself, or 202 with nothing when the callback route is used."""
        if status == 202 and answer is None:
            return
        if status != 200 or not isinstance(answer, dict):
            interaction.failed = f"the endpoint answered {status}"
            self.world.violated("ENDPOINT", self.url, interaction.failed)
            return
        try:
            acknowledge(self._inspected(interaction, answer), interaction)
        except Refused as refused:
            interaction.failed = f"the endpoint's answer was refused: {refused}"
            self.world.violated("ENDPOINT", self.url, interaction.failed)

    def _inspected(self, interaction: Interaction, answer: dict[str, Any]) -> Call:
        path = f"/interactions/{interaction.id}/{interaction.token}/callback"
        found = find("POST", path)
        assert found is not None
        call = Call(self.world, "POST", path, found[0], found[1], {}, answer)
        self._rest.inspect(call)
        return call

    def _ping(self) -> dict[str, Any]:
        return {
            "id": str(self.world.clock.snowflake()),
            "application_id": str(self.world.bot.id),
            "type": 1,
            "token": secrets.token_urlsafe(48),
            "version": 1,
            "entitlements": [],
            "authorizing_integration_owners": {},
            "attachment_size_limit": 10 * 1024 * 1024,
        }
