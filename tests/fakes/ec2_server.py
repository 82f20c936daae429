"""EC2 as far as one instance needs it: `pending` and `stopping` take their time, a machine on runs a real process, and
that process's good end switches it off, as `SuccessAction=poweroff` does. Speaks EC2's own XML to boto3."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from aiohttp import web

from tests.fakes.openai_server import serve

INSTANCE = "i-0123456789abcdef0"
CODES = {"pending": 0, "running": 16, "stopping": 64, "stopped": 80}


@dataclass
class FakeEc2:
    """`boot` starts the machine's process. `faults` are error codes that the next calls meet, in turn."""

    boot: Callable[[], Awaitable[asyncio.subprocess.Process]] | None = None
    pending_s: float = 0.2
    stopping_s: float = 0.5
    grace_s: float = 30.0
    state: str = "stopped"
    launched_at: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    boots: int = 0
    calls: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    _power: asyncio.Task[None] | None = None
    _process: asyncio.subprocess.Process | None = None

    @asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_post("/", self._answer)
        async with serve(app) as url:
            yield url.removesuffix("/v1")
            await self._unplug()

    async def _answer(self, request: web.Request) -> web.Response:
        asked = await request.post()
        action = str(asked["Action"])
        self.calls.append(action)
        if self.faults:
            code = self.faults.pop(0)
            if code:
                return _error(code)
        match action:
            case "StartInstances":
                return self._start()
            case "StopInstances":
                return self._stop()
            case "DescribeInstances":
                return self._describe()
        return _error("InvalidAction")

    def _start(self) -> web.Response:
        before = self.state
        if before == "stopping":
            return _error("IncorrectInstanceState")
        if before == "stopped":
            self.state, self.launched_at = "pending", datetime.now(UTC)
            self._power = asyncio.create_task(self._run())
        return self._changed("StartInstances", before)

    def _stop(self) -> web.Response:
        before = self.state
        if self._process is not None and before == "running":
            self.state = "stopping"
            self._process.send_signal(signal.SIGTERM)
        return self._changed("StopInstances", before)

    async def _run(self) -> None:
        """From power on to off."""
        await asyncio.sleep(self.pending_s)
        self.state = "running"
        self.boots += 1
        while self.boot is not None:
            self._process = await self.boot()
            code = await self._process.wait()
            if code == 0 or self.state == "stopping":
                break  # a bad end is `Restart=on-failure`
        else:
            return
        self.state = "stopping"
        await asyncio.sleep(self.stopping_s)
        self.state = "stopped"

    def kill(self) -> None:
        """As a crash of the process: systemd starts it again."""
        assert self._process is not None
        self._process.kill()

    async def _unplug(self) -> None:
        if self._power is not None:
            self._power.cancel()
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    def _describe(self) -> web.Response:
        launched = self.launched_at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        state = _state("instanceState", self.state)
        item = f"<instanceId>{INSTANCE}</instanceId>{state}<launchTime>{launched}</launchTime>"
        instances = f"<instancesSet><item>{item}</item></instancesSet>"
        return _xml("DescribeInstances", f"<reservationSet><item>{instances}</item></reservationSet>")

    def _changed(self, action: str, before: str) -> web.Response:
        states = _state("currentState", self.state) + _state("previousState", before)
        return _xml(action, f"<instancesSet><item><instanceId>{INSTANCE}</instanceId>{states}</item></instancesSet>")


def _state(name: str, state: str) -> str:
    return f"<{name}><code>{CODES[state]}</code><name>{state}</name></{name}>"


def _xml(action: str, inner: str) -> web.Response:
    space = "http://ec2.amazonaws.com/doc/2016-11-15/"
    text = f'<{action}Response xmlns="{space}"><requestId>r</requestId>{inner}</{action}Response>'
    return web.Response(text=text, content_type="text/xml")


def _error(code: str) -> web.Response:
    status = 503 if code in ("RequestLimitExceeded", "Unavailable", "InternalError") else 400
    text = f"<Response><Errors><Error><Code>{code}</Code><Message>no</Message></Error></Errors></Response>"
    return web.Response(status=status, text=text, content_type="text/xml")
