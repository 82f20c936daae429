"""Something asked of AWS, on a bad day: calls that don't arrive, and calls whose answer is lost."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

from config.errors import BackendUnavailable

Fault = Literal["fine", "lost", "unanswered"]
"""`lost`: it does not arrive; `unanswered`: it is done, and nobody hears so."""


class Lossy:
    """In place of `real`. `faults` are those of the next calls, in turn, to the methods named in `only` (to all when
    empty); after them all is fine. Set `down` to lose every such call."""

    def __init__(self, real: Any, faults: Iterable[Fault] = (), only: tuple[str, ...] = ()) -> None:
        self._real = real
        self._faults: Iterator[Fault] = iter(faults)
        self._only = only
        self._lock = threading.Lock()
        self.down = False
        self.asked: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = getattr(self._real, name)

        def asked(*given: Any) -> Any:
            fault = self._fault(name)
            if fault == "lost":
                raise BackendUnavailable("AWS can't be reached.")
            answer = call(*given)
            if fault == "unanswered":
                raise BackendUnavailable("AWS did not answer.")
            return answer

        return asked

    def _fault(self, name: str) -> Fault:
        with self._lock:
            self.asked[name] += 1
            if self._only and name not in self._only:
                return "fine"
            return "lost" if self.down else next(self._faults, "fine")
