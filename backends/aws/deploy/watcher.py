"""Who is told how it goes while something takes its time."""

from __future__ import annotations

from typing import Protocol


class Watcher(Protocol):
    def step(self, what: str) -> None:
        """This begins, and may take a while: "Building the image"."""
        ...

    def note(self, line: str) -> None:
        """This has happened, and is worth a line that stays."""
        ...
