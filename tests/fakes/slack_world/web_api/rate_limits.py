"""Slack's tiers: so many calls a minute of each method in each workspace."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fakes.slack_world.web_api.calls import Call

PER_MINUTE = {"t1": 1, "t2": 20, "t3": 50, "t4": 100}
MINUTE_S = 60.0
# About one message a second in a channel, with some patience for bursts.
POSTS, POSTS_WITHIN_S = 10, 10.0


@dataclass
class RateLimits:
    """Always counted; refused only when `enforced`, and `times` as many calls are let through."""

    enforced: bool = False
    times: float = 1.0
    exceeded: Counter[str] = field(default_factory=Counter)
    _calls: dict[tuple[str, ...], deque[float]] = field(default_factory=dict)

    def spend(self, call: Call) -> int:
        """Seconds to wait, or 0 if the call may go on."""
        allowance = self._allowance(call)
        if allowance is None:
            return 0
        key, most, within_s = allowance
        now, made = call.world.clock.now(), self._calls.setdefault(key, deque())
        while made and now - made[0] >= within_s:
            made.popleft()
        if len(made) >= most:
            self.exceeded[call.method.name] += 1
            return max(1, round(within_s - (now - made[0]) + 0.5)) if self.enforced else 0
        made.append(now)
        return 0

    def _allowance(self, call: Call) -> tuple[tuple[str, ...], int, float] | None:
        team = call.installation.workspace.id if call.installation else ""
        if call.method.name == "chat.postMessage":
            return ("post", team, call.text("channel")), int(POSTS * self.times), POSTS_WITHIN_S
        if call.method.tier in PER_MINUTE:
            return (call.method.name, team), int(PER_MINUTE[call.method.tier] * self.times), MINUTE_S
        return None
