"""What a backend wrote and the table has not heard yet."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from backends.aws.jobs.job import JournalEvent
from backends.protocol import TextDelta


class Pending:
    """Neighbouring pieces of one sample become one."""

    def __init__(self) -> None:
        self._events: list[JournalEvent] = []
        self._changed = asyncio.Event()
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether nothing more will come; there may still be something to take."""
        return self._closed

    def add(self, event: JournalEvent) -> None:
        self._events.append(event)
        self._changed.set()

    def close(self) -> None:
        self._closed = True
        self._changed.set()

    async def some(self) -> None:
        """Until there is something to take, or it is closed."""
        await self._changed.wait()

    def take(self) -> Sequence[JournalEvent]:
        events, self._events = self._events, []
        if not self._closed:
            self._changed.clear()
        return joined(events)


def joined(events: Sequence[JournalEvent]) -> list[JournalEvent]:
    """The same texts in fewer pieces: each sample's up to its end as one, samples in the order they began."""
    texts: dict[int, list[str]] = {}
    ends: list[JournalEvent] = []
    for event in events:
        if isinstance(event, TextDelta):
            texts.setdefault(event.sample, []).append(event.text)
        else:
            ends.append(event)
    return [*(TextDelta(sample, "".join(pieces)) for sample, pieces in texts.items()), *ends]
