"""What a front renders: a request's result as it is now, free of any platform."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from backends.store.records import SampleEnd

ViewStatus = Literal["waiting", "writing", "done", "failed", "stopped"]
Action = Literal[
    "stop",
    "again",
    "same_seed",
    "continue",
    "vary",
    "edit",
    "pick",
    "why",
    "place",
    "token",
    "vote",
    "story",
    "file",
    "undo",
    "delete",
    "more",
]


@dataclass(frozen=True, slots=True)
class SampleView:
    """One sample; `footer` is empty while it is being written."""

    index: int
    text: str
    end: SampleEnd | None
    seed: int
    footer: str = ""

    @property
    def open(self) -> bool:
        return self.end is None


@dataclass(frozen=True, slots=True)
class ResultView:
    """A whole result. `text` fields are raw: each front escapes for its platform."""

    request_id: str
    group_id: str
    channel: str
    kind: str
    prompt: str
    heading: str
    """`3 samples · temperature 0.8 · length 60 · for @member`"""
    status: ViewStatus
    notice: str | None
    """Why there is no text yet: `Queued, 2 ahead of you, about 20 s.`"""
    samples: tuple[SampleView, ...]
    notes: tuple[str, ...]
    error: str | None
    actions: tuple[Action, ...]
    requester_id: str
    parent_id: str | None = None
    parent_sample: int | None = None
    """Which sample of the parent it goes on from; its prompt may have been edited since."""
    private: bool = False
    votes: int = 0
    """How many people like it better than the one it is compared with."""

    @property
    def ended(self) -> bool:
        return self.status in ("done", "failed", "stopped")
