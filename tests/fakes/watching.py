"""A watcher that remembers what it was told."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Watching:
    steps: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def step(self, what: str) -> None:
        self.steps.append(what)

    def note(self, line: str) -> None:
        self.notes.append(line)
