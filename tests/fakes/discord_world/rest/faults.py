"""Trouble that a test orders: by route, count or chance."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from tests.fakes.discord_world.rest.rate_limits import TooMany

ANY = "*"


@dataclass(eq=False)
class Gate:
    """Holds matching requests until it is opened."""

    pattern: str
    held: int = 0
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    def open(self) -> None:
        self.opened.set()


@dataclass(eq=False)
class Fault:
    """One kind of trouble; `after_effect` lets the request take effect and spoils only the answer."""

    pattern: str
    times: int
    too_many: TooMany | None = None
    status: int = 0
    dropped: bool = False
    delay_s: float = 0.0
    after_effect: bool = False


@dataclass
class Chance:
    """Seeded, so that a soak can be repeated."""

    pattern: str
    rate: float
    kinds: tuple[Fault, ...]
    source: random.Random

    def strikes(self, key: str) -> Fault | None:
        if not fnmatchcase(key, self.pattern) or self.source.random() >= self.rate:
            return None
        return self.source.choice(self.kinds)


@dataclass
class Faults:
    """Patterns match “METHOD /route/{template}”, with * for anything: "PATCH *messages*".

    Downloads of files match "GET /attachments" and know errors only.
    """

    struck: list[tuple[str, Fault]] = field(default_factory=list)
    _ordered: list[Fault] = field(default_factory=list)
    _chances: list[Chance] = field(default_factory=list)
    _gates: list[Gate] = field(default_factory=list)

    def rate_limit(self, pattern: str = ANY, times: int = 1, retry_after_s: float = 0.01, scope: str = "user") -> Fault:
        return self._order(Fault(pattern, times, too_many=TooMany(retry_after_s, scope)))

    def server_error(
        self, pattern: str = ANY, times: int = 1, status: int = 502, *, after_effect: bool = False
    ) -> Fault:
        return self._order(Fault(pattern, times, status=status, after_effect=after_effect))

    def drop(self, pattern: str = ANY, times: int = 1, *, after_effect: bool = False) -> Fault:
        """The connection breaks before an answer."""
        return self._order(Fault(pattern, times, dropped=True, after_effect=after_effect))

    def delay(self, pattern: str = ANY, times: int = 1, seconds: float = 0.1) -> Fault:
        return self._order(Fault(pattern, times, delay_s=seconds))

    def hold(self, pattern: str = ANY) -> Gate:
        gate = Gate(pattern)
        self._gates.append(gate)
        return gate

    def random(
        self,
        seed: int,
        rate: float = 0.05,
        pattern: str = ANY,
        *,
        retry_after_s: float = 0.05,
        with_errors: bool = True,
        with_drops: bool = False,
    ) -> None:
        kinds = [Fault(pattern, 1, too_many=TooMany(retry_after_s)), Fault(pattern, 1, delay_s=retry_after_s)]
        if with_errors:
            kinds += [Fault(pattern, 1, status=502), Fault(pattern, 1, status=500, after_effect=True)]
        if with_drops:
            kinds += [Fault(pattern, 1, dropped=True), Fault(pattern, 1, dropped=True, after_effect=True)]
        self._chances.append(Chance(pattern, rate, tuple(kinds), random.Random(seed)))

    def clear(self) -> None:
        for gate in self._gates:
            gate.open()
        self._ordered, self._chances, self._gates = [], [], []

    def _order(self, fault: Fault) -> Fault:
        self._ordered.append(fault)
        return fault

    def next_for(self, key: str) -> Fault | None:
        """What goes wrong with this request, if anything; it is used up."""
        for fault in self._ordered:
            if fault.times > 0 and fnmatchcase(key, fault.pattern):
                fault.times -= 1
                return self._struck(key, fault)
        struck = next(filter(None, (each.strikes(key) for each in self._chances)), None)
        return self._struck(key, struck) if struck else None

    def _struck(self, key: str, fault: Fault) -> Fault:
        self.struck.append((key, fault))
        return fault

    async def passed(self, key: str, announce: Callable[[], None]) -> None:
        for gate in list(self._gates):
            if fnmatchcase(key, gate.pattern):
                gate.held += 1
                announce()
                await gate.opened.wait()
