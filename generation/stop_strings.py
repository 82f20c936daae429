"""Cutting a growing text at stop strings, without ever showing part of one."""

from __future__ import annotations

from collections.abc import Sequence


class StopStrings:
    """Lets text pass up to the stop string that is complete first; of several complete at once, the longest.

    `matched` is that stop string; nothing passes after it.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stops)
        self._held = ""
        self.matched: str | None = None

    def feed(self, text: str) -> str:
        """What of the text so far can be shown now and was not shown before."""
        if not self._stops or self.matched is not None:
            return "" if self.matched is not None else text
        text = self._held + text
        found = [(text.find(stop) + len(stop), -len(stop), stop) for stop in self._stops if stop in text]
        if found:
            end, _, self.matched = min(found)
            self._held = ""
            return text[: end - len(self.matched)]
        keep = self._possible_beginning(text)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def flush(self) -> str:
        """The text has ended: what was held back is no stop string after all."""
        held, self._held = self._held, ""
        return held

    def _possible_beginning(self, text: str) -> int:
        """How many of the last characters may be the beginning of a stop string."""
        longest = min(len(text), max(map(len, self._stops)) - 1)
        return next(
            (size for size in range(longest, 0, -1) if any(stop.startswith(text[-size:]) for stop in self._stops)), 0
        )
