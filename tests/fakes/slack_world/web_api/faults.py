"""Trouble that a test orders: by method, count or chance."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

ANY = "*"


@dataclass(eq=False)
class Gate:
    """Holds matching calls until it is opened."""

    pattern: str
    held: int = 0
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    def open(self) -> None:
        self.opened.set()


@dataclass(eq=False)
class Fault:
    """One kind of trouble; `after_effect` lets the call take effect and spoils only the answer."""

    pattern: str
    times: int
    retry_after_s: float | None = None
    status: int = 0
    error: str = ""
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

    def strikes(self, name: str) -> Fault | None:
        if not fnmatchcase(name, self.pattern) or self.source.random() >= self.rate:
            return None
        return self.source.choice(self.kinds)


@dataclass
class Faults:
    """Patterns match methods' names, with * for anything: "chat.*". response_url and upload are names too."""

    struck: list[tuple[str, Fault]] = field(default_factory=list)
    _ordered: list[Fault] = field(default_factory=list)
    _chances: list[Chance] = field(default_factory=list)
    _gates: list[Gate] = field(default_factory=list)

    def rate_limit(self, pattern: str = ANY, times: int = 1, retry_after_s: float = 0) -> Fault:
        """Slack's Retry-After is in whole seconds."""
        return self._order(Fault(pattern, times, retry_after_s=retry_after_s))

    def server_error(
        self, pattern: str = ANY, times: int = 1, status: int = 503, *, after_effect: bool = False
    ) -> Fault:
        return self._order(Fault(pattern, times, status=status, after_effect=after_effect))

    def refuse(self, pattern: str, error: str, times: int = 1, *, after_effect: bool = False) -> Fault:
        """An answer with ok false: internal_error, fatal_error, restricted_action…"""
        return self._order(Fault(pattern, times, error=error, after_effect=after_effect))

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
        retry_after_s: float = 0,
        with_errors: bool = True,
        with_drops: bool = False,
    ) -> None:
        kinds = [Fault(pattern, 1, retry_after_s=retry_after_s), Fault(pattern, 1, delay_s=0.05)]
        if with_errors:
            kinds += [Fault(pattern, 1, status=503), Fault(pattern, 1, error="internal_error", after_effect=True)]
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

    def next_for(self, name: str) -> Fault | None:
        """What goes wrong with this call, if anything; it is used up."""
        for fault in self._ordered:
            if fault.times > 0 and fnmatchcase(name, fault.pattern):
                fault.times -= 1
                return self._struck(name, fault)
        struck = next(filter(None, (each.strikes(name) for each in self._chances)), None)
        return self._struck(name, struck) if struck else None

    def _struck(self, name: str, fault: Fault) -> Fault:
        self.struck.append((name, fault))
        return fault

    async def passed(self, name: str, announce: Callable[[], None]) -> None:
        for gate in list(self._gates):
            if fnmatchcase(name, gate.pattern):
                gate.held += 1
                announce()
                await gate.opened.wait()
