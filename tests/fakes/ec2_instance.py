"""A machine's life: `pending` and `stopping` take their time, on it runs a real process, and that process's good end
switches it off, as `SuccessAction=poweroff` does."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

State = Literal["pending", "running", "stopping", "stopped", "shutting-down", "terminated"]
Boot = Callable[[str], Awaitable[asyncio.subprocess.Process]]


@dataclass
class Hardware:
    """How machines are. `boot` starts the process of the one with that id; without it nothing runs there."""

    boot: Boot | None = None
    pending_s: float = 0.2
    stopping_s: float = 0.5
    grace_s: float = 30.0
    """From SIGTERM to SIGKILL."""
    bad_ends: int = 5
    """So many switch it off, as `StartLimitBurst` and `StartLimitAction=poweroff` do."""


@dataclass
class FakeInstance:
    id: str
    hardware: Hardware
    state: State = "stopped"
    launched_at: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    boots: int = 0
    restarts: int = 0
    notice: bool = False
    """AWS wants it back (Spot)."""
    _life: asyncio.Task[None] | None = None
    _process: asyncio.subprocess.Process | None = None
    _last: State = "stopped"
    off: asyncio.Event = field(default_factory=asyncio.Event)
    _told_to_go: asyncio.Event = field(default_factory=asyncio.Event)

    def start(self) -> None:
        self.state, self.launched_at = "pending", datetime.now(UTC)
        self.off.clear()
        self._told_to_go.clear()
        self._life = asyncio.create_task(self._live())

    def stop(self) -> None:
        """Of a running one: SIGTERM, and after the grace SIGKILL."""
        self._go("stopping", "stopped")

    def terminate(self) -> None:
        self._go("shutting-down", "terminated")
        if self._life is None:
            self.state = "terminated"

    def _go(self, by_way_of: State, last: State) -> None:
        self.state, self._last = by_way_of, last
        self._told_to_go.set()
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
            asyncio.get_running_loop().call_later(self.hardware.grace_s, self._kill_quietly)

    async def _live(self) -> None:
        """From power on to off."""
        await asyncio.sleep(self.hardware.pending_s)
        if self.state == "pending":
            self.state = "running"
            self.boots += 1
            await self._serve()
        if self.state == "running":
            self.state, self._last = "stopping", "stopped"
        await asyncio.sleep(self.hardware.stopping_s)
        self.state, self._life = self._last, None
        self.off.set()

    async def _serve(self) -> None:
        """Until the process ends well or too often badly, or the machine is told to go."""
        boot = self.hardware.boot
        if boot is None:
            await self._told_to_go.wait()
            return
        for end in range(self.hardware.bad_ends):
            self.restarts += end > 0
            self._process = await boot(self.id)
            if self.state != "running":
                self._process.send_signal(signal.SIGTERM)
            if await self._process.wait() == 0 or self.state != "running":
                return

    def signal(self, number: signal.Signals) -> None:
        """To the process. SIGKILL is a crash, after which systemd starts it again; SIGSTOP a machine that hangs."""
        assert self._process is not None
        self._process.send_signal(number)

    def _kill_quietly(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    async def unplug(self) -> None:
        if self._life is not None:
            self._life.cancel()
            await asyncio.gather(self._life, return_exceptions=True)
        self._kill_quietly()
        if self._process is not None:
            await self._process.wait()
