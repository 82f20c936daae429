"""The rules that hold for each method."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fakes.slack_world.web_api.calls import Call


def inspect(call: Call) -> None:
    """Stub of the walking skeleton."""
