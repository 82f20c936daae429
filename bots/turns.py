"""Which of a result's samples are shown in an update that is too short for all of them."""

from __future__ import annotations

from collections.abc import Sequence

PartKey = tuple[int | None, int]
"""Sample and part: one message of a result. Without a sample it is about the whole request."""


class SampleTurns:
    """Samples take turns, so that the first ones don't hold up the others."""

    def __init__(self) -> None:
        self._turn = 0

    def choose(self, changed: Sequence[PartKey], most: int) -> list[PartKey]:
        """The parts of at most so many samples, beginning where the last update ended."""
        samples = list(dict.fromkeys(sample for sample, _ in changed))
        if len(samples) > most:
            start = self._turn % len(samples)
            samples = (samples[start:] + samples[:start])[:most]
            self._turn += most
        return [key for key in changed if key[0] in samples]
