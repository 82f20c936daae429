"""The fake's time, which a test can move, and the ids that are made of it."""

from __future__ import annotations

import time
from datetime import UTC, datetime

DISCORD_EPOCH_MS = 1_420_070_400_000
MOST_IN_MS = (1 << 12) - 1
TURN = 12


class Clock:
    """Real time plus whatever a test has added."""

    def __init__(self) -> None:
        self._ahead_s = 0.0
        self._last_ms = 0
        self._in_ms = 0

    def now(self) -> float:
        return time.time() + self._ahead_s

    def date(self) -> datetime:
        return datetime.fromtimestamp(self.now(), UTC)

    def advance(self, seconds: float) -> None:
        self._ahead_s += seconds

    def snowflake(self) -> int:
        """Ids sort by age: those of one millisecond are counted."""
        now_ms = int(self.now() * 1000)
        if now_ms > self._last_ms or self._in_ms == MOST_IN_MS:
            self._last_ms, self._in_ms = max(now_ms, self._last_ms + 1), 0
        else:
            self._in_ms += 1
        return (self._last_ms - DISCORD_EPOCH_MS) << 22 | self._in_ms

    def snowflake_for(self, number: int) -> int:
        """Guilds numbered in turn spread evenly over two, three, four, six or twelve shards."""
        while ((minted := self.snowflake()) >> 22) % TURN != number % TURN:
            self._last_ms, self._in_ms = self._last_ms + 1, 0
        return minted


def iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat()
