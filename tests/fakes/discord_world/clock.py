"""The fake's time, which a test can move, and the ids that are made of it."""

from __future__ import annotations

import time
from datetime import UTC, datetime

DISCORD_EPOCH_MS = 1_420_070_400_000
TURN = 12


class Clock:
    """Real time plus whatever a test has added."""

    def __init__(self) -> None:
        self._ahead_s = 0.0
        self._last_ms = 0

    def now(self) -> float:
        return time.time() + self._ahead_s

    def date(self) -> datetime:
        return datetime.fromtimestamp(self.now(), UTC)

    def advance(self, seconds: float) -> None:
        self._ahead_s += seconds

    def snowflake(self) -> int:
        """Every id has a millisecond of its own, so that ids sort by age."""
        self._last_ms = max(self._last_ms + 1, int(self.now() * 1000))
        return (self._last_ms - DISCORD_EPOCH_MS) << 22

    def snowflake_for(self, number: int) -> int:
        """Guilds numbered in turn spread evenly over two, three, four, six or twelve shards."""
        while True:
            minted = self.snowflake()
            if (minted >> 22) % TURN == number % TURN:
                return minted


def iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat()
