"""What Lambda tells of an invocation, as far as it is used."""

from __future__ import annotations

from typing import Protocol


class Context(Protocol):
    def get_remaining_time_in_millis(self) -> int: ...


def seconds_left(context: Context) -> float:
    """Until Lambda ends it."""
    return context.get_remaining_time_in_millis() / 1000
