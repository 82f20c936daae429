"""Waiting requests, one turn per person: who asks ten times waits behind who asks once."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Hashable
from itertools import zip_longest
from typing import Generic, TypeVar

T = TypeVar("T")


class FairQueue(Generic[T]):
    """Round robin over owners, first in first out within one."""

    def __init__(self) -> None:
        self._lanes: OrderedDict[Hashable, deque[T]] = OrderedDict()

    def __len__(self) -> int:
        return sum(len(lane) for lane in self._lanes.values())

    def push(self, owner: Hashable, item: T) -> None:
        self._lanes.setdefault(owner, deque()).append(item)

    def pop(self) -> T:
        """The next item; its owner goes to the end of the round. IndexError when empty."""
        if not self._lanes:
            raise IndexError("pop from an empty queue")
        owner, lane = self._lanes.popitem(last=False)
        item = lane.popleft()
        if lane:
            self._lanes[owner] = lane
        return item

    def remove(self, item: T) -> bool:
        """Take an item out; False if it isn't waiting."""
        for owner, lane in self._lanes.items():
            if item in lane:
                lane.remove(item)
                if not lane:
                    del self._lanes[owner]
                return True
        return False

    def order(self) -> list[T]:
        """Everything that waits, in the order it would be popped if nothing else came."""
        lanes = ([(item,) for item in lane] for lane in self._lanes.values())
        return [item for turn in zip_longest(*lanes, fillvalue=()) for wrapped in turn for item in wrapped]
