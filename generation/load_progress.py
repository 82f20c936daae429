"""How far a model is on its way into memory; written by the loading thread, read by everybody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LoadState:
    detail: str
    """What happens now, as a sentence."""
    progress: float
    """From 0 to 1, over everything."""


class LoadProgress:
    """`watch` hears of every change, on the thread that made it."""

    def __init__(self, watch: Callable[[LoadState], None] | None = None) -> None:
        self._watch = watch
        self._start = 0.0
        self._end = 0.0
        self._state = LoadState("Starting.", 0.0)

    @property
    def state(self) -> LoadState:
        return self._state

    def begin(self, detail: str, until: float) -> None:
        """The next stage begins; when it is done, the whole is at `until`."""
        self._start, self._end = self._end, max(self._end, until)
        self._set(LoadState(detail, self._start))

    def advance(self, share: float) -> None:
        """So much of the present stage is done, from 0 to 1."""
        share = min(1.0, max(0.0, share))
        self._set(LoadState(self._state.detail, self._start + share * (self._end - self._start)))

    def _set(self, state: LoadState) -> None:
        self._state = state
        if self._watch is not None:
            self._watch(state)
