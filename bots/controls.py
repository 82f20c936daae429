"""What the id of a button carries: action, request, sample. So buttons work on any old message, after any restart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from bots.views import Action

_PREFIX = "inkling"
_PRIVATE = "private"


@dataclass(frozen=True, slots=True)
class Control:
    """One button or form on one sample of a result."""

    action: Action
    request_id: str
    sample: int = 0
    private: bool = False
    """The result is for one person to see, and what comes of it too."""

    @property
    def custom_id(self) -> str:
        parts = [_PREFIX, self.action, self.request_id, str(self.sample), *([_PRIVATE] if self.private else [])]
        return ":".join(parts)


def is_ours(custom_id: str) -> bool:
    """Whether some version of this bot has made it."""
    return custom_id.startswith(f"{_PREFIX}:")


def read_control(custom_id: str) -> Control | None:
    """None for what isn't ours, or of a version that knew other actions."""
    parts = custom_id.split(":")
    if len(parts) not in (4, 5) or parts[0] != _PREFIX or not parts[3].isdecimal():
        return None
    action = next((each for each in get_args(Action) if each == parts[1]), None)
    return None if action is None else Control(action, parts[2], int(parts[3]), parts[4:] == [_PRIVATE])
