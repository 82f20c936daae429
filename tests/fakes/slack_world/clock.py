"""The fake's time, which a test can move, and what is to happen at some moment of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(eq=False)
class Alarm:
    at: float
    ring: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


class Clock:
    """Real time plus whatever a test has added."""

    def __init__(self) -> None:
        self._ahead_s = 0.0
        self._last_us = 0
        self._alarms: list[Alarm] = []
        self._wake: asyncio.TimerHandle | None = None
        self._stopped = False

    def now(self) -> float:
        return time.time() + self._ahead_s

    def ts(self) -> str:
        """A message's name: seconds and microseconds, never the same twice."""
        self._last_us = max(int(self.now() * 1_000_000), self._last_us + 1)
        return f"{self._last_us // 1_000_000}.{self._last_us % 1_000_000:06d}"

    def after(self, seconds: float, ring: Callable[[], None]) -> Alarm:
        alarm = Alarm(self.now() + seconds, ring)
        if not self._stopped:
            self._alarms.append(alarm)
            self._set_wake()
        return alarm

    def advance(self, seconds: float) -> None:
        """Alarms on the way ring in their order, each at its own moment."""
        target = self.now() + seconds
        while (alarm := self._next()) and alarm.at <= target:
            self._ahead_s += max(0.0, alarm.at - self.now())
            self._ring(alarm)
        self._ahead_s += max(0.0, target - self.now())
        self._set_wake()

    def stop(self) -> None:
        """For good: nothing rings any more."""
        self._stopped = True
        self._alarms.clear()
        self._set_wake()

    def _next(self) -> Alarm | None:
        self._alarms = [each for each in self._alarms if not each.cancelled]
        return min(self._alarms, key=lambda each: each.at, default=None)

    def _ring(self, alarm: Alarm) -> None:
        self._alarms.remove(alarm)
        alarm.ring()

    def _set_wake(self) -> None:
        if self._wake is not None:
            self._wake.cancel()
            self._wake = None
        if alarm := self._next():
            loop = asyncio.get_running_loop()
            self._wake = loop.call_later(max(0.0, alarm.at - self.now()), self._woken)

    def _woken(self) -> None:
        while (alarm := self._next()) and alarm.at <= self.now():
            self._ring(alarm)
        self._set_wake()
