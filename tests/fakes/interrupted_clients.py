"""Clients of DynamoDB whose process dies between two calls, or is overtaken by another one."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any


class Killed(Exception):
    """What no code of ours awaits."""


class MortalClient:
    """`dies_at`: the number of its last call, which is not made any more, or made with nobody there for the answer."""

    def __init__(self, client: Any, dies_at: int, *, makes_it: bool) -> None:
        self._client = client
        self._dies_at = dies_at
        self._makes_it = makes_it
        self._lock = Lock()
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._client, name)

        def call(**given: Any) -> Any:
            with self._lock:
                self.calls += 1
                number = self.calls
            if number < self._dies_at:
                return real(**given)
            if number == self._dies_at and self._makes_it:
                real(**given)
            raise Killed

        return call

    def close(self) -> None:
        """Even the dead may; the real one lives on."""


class MeddledClient:
    """Just before call number `number`, something else happens."""

    def __init__(self, client: Any, number: int, meddle: Callable[[], object]) -> None:
        self._client = client
        self._number = number
        self._meddle = meddle
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._client, name)

        def call(**given: Any) -> Any:
            self.calls += 1
            if self.calls == self._number:
                self._meddle()
            return real(**given)

        return call

    def close(self) -> None:
        """The real one is shared."""
