"""Which interactions were taken up already: platforms bring one twice after a lost connection."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

MOST = 10_000


class Seen:
    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._ids: OrderedDict[Hashable, None] = OrderedDict()

    def is_new(self, its_id: Hashable) -> bool:
        """Whether this is the first time; from now on it isn't."""
        if its_id in self._ids:
            return False
        self._ids[its_id] = None
        if len(self._ids) > self._most:
            self._ids.popitem(last=False)
        return True
