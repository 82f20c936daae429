"""What may come back with the acknowledgement of a modal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.fakes.slack_world.views import View


def inspect(view: View, payload: dict[str, Any]) -> None:
    """Stub of the walking skeleton."""
