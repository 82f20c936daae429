"""Buckets per route and place, the global one, and the headers that tell of them."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fakes.discord_world.rest.routing import Call

GLOBAL_PER_SECOND = 50
# Discord publishes none of these; what bots have observed.
OBSERVED: dict[str, tuple[int, float]] = {
    "POST /channels/{channel_id}/messages": (5, 5.0),
    "PATCH /channels/{channel_id}/messages/{message_id}": (5, 5.0),
    "DELETE /channels/{channel_id}/messages/{message_id}": (5, 1.0),
    "PUT /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me": (1, 0.25),
    "POST /channels/{channel_id}/messages/{message_id}/threads": (50, 300.0),
    "POST /webhooks/{webhook_id}/{webhook_token}": (5, 2.0),
    "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original": (5, 5.0),
}
MAJOR = ("channel_id", "guild_id", "webhook_id", "webhook_token", "interaction_id")
EXEMPT_FROM_GLOBAL = ("/interactions/", "/webhooks/")


@dataclass
class Bucket:
    limit: int
    window_s: float
    resets_at: float = 0.0
    used: int = 0

    def take(self, now: float) -> bool:
        if now >= self.resets_at:
            self.used, self.resets_at = 0, now + self.window_s
        self.used += 1
        return self.used <= self.limit


@dataclass(frozen=True)
class TooMany:
    retry_after_s: float
    scope: str = "user"

    @property
    def everywhere(self) -> bool:
        return self.scope == "global"


@dataclass
class RateLimits:
    """By default wide enough not to slow a test down; `realistic` is what bots meet."""

    per_route: dict[str, tuple[int, float]] = field(default_factory=dict)
    otherwise: tuple[int, float] = (200, 1.0)
    global_per_second: int = 10_000
    exceeded: Counter[str] = field(default_factory=Counter)
    """How often the bot ran into which route's limit by itself."""
    _buckets: dict[str, Bucket] = field(default_factory=dict)
    _everything: Bucket | None = None

    @classmethod
    def realistic(cls) -> RateLimits:
        return cls(dict(OBSERVED), (50, 1.0), GLOBAL_PER_SECOND)

    def spend(self, call: Call) -> tuple[dict[str, str], TooMany | None]:
        """The headers for the answer, and whether this is one request too many."""
        now = call.world.clock.now()
        if self._over_globally(call, now):
            self.exceeded["global"] += 1
            return {}, TooMany(max(self._all().resets_at - now, 0.001), "global")
        bucket = self._bucket(call)
        fits = bucket.take(now)
        if not fits:
            self.exceeded[call.route.key] += 1
        return _headers(call, bucket, now), None if fits else TooMany(max(bucket.resets_at - now, 0.001))

    def _all(self) -> Bucket:
        if self._everything is None:
            self._everything = Bucket(self.global_per_second, 1.0)
        return self._everything

    def _over_globally(self, call: Call, now: float) -> bool:
        exempt = call.path.startswith(EXEMPT_FROM_GLOBAL)
        return not exempt and not self._all().take(now)

    def _bucket(self, call: Call) -> Bucket:
        limit, window_s = self.per_route.get(call.route.key, self.otherwise)
        key = call.route.key + "".join(f"|{call.ids[each]}" for each in MAJOR if each in call.ids)
        return self._buckets.setdefault(key, Bucket(limit, window_s))


def _headers(call: Call, bucket: Bucket, now: float) -> dict[str, str]:
    left_s = max(bucket.resets_at - now, 0.0)
    return {
        "X-RateLimit-Limit": str(bucket.limit),
        "X-RateLimit-Remaining": str(max(bucket.limit - bucket.used, 0)),
        "X-RateLimit-Reset": f"{bucket.resets_at:.3f}",
        "X-RateLimit-Reset-After": f"{left_s:.3f}",
        "X-RateLimit-Bucket": hashlib.sha1(call.route.key.encode(), usedforsecurity=False).hexdigest()[:32],
    }


def refusal(too_many: TooMany, headers: dict[str, str]) -> tuple[dict[str, object], dict[str, str]]:
    """Body and headers of a 429."""
    told = {"Retry-After": str(math.ceil(too_many.retry_after_s)), "X-RateLimit-Scope": too_many.scope}
    if too_many.everywhere:
        told["X-RateLimit-Global"] = "true"
    message = "The resource is being rate limited." if too_many.scope == "shared" else "You are being rate limited."
    body = {"message": message, "retry_after": round(too_many.retry_after_s, 3), "global": too_many.everywhere}
    return body, headers | told
