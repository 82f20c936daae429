"""Events from the engine's thread to the event loop that asked for them, one hand-over per step."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass, field

from config.errors import InklingError
from generation.types import GenerationEvent


class RequestStream:
    """One request's events. Everything but `loop` belongs to the event loop's thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._pending: deque[GenerationEvent] = deque()
        self._ready = asyncio.Event()
        self._ended = False
        self._error: InklingError | None = None

    @property
    def ended(self) -> bool:
        return self._ended

    def deliver(self, parcel: Parcel) -> None:
        self._pending.extend(parcel.events)
        self._error = self._error or parcel.error
        self._ended = self._ended or parcel.last
        self._ready.set()

    async def events(self) -> AsyncGenerator[GenerationEvent, None]:
        """Every event in order; raises the error that ended the request, if one did."""
        while True:
            while self._pending:
                yield self._pending.popleft()
            if self._error is not None:
                raise self._error
            if self._ended:
                return
            self._ready.clear()
            await self._ready.wait()


@dataclass(slots=True)
class Parcel:
    """What one step has for one stream."""

    events: list[GenerationEvent] = field(default_factory=list)
    error: InklingError | None = None
    last: bool = False


class Outbox:
    """Collects a step's events and hands them over at its end. Belongs to the engine's thread."""

    def __init__(self) -> None:
        self._parcels: dict[RequestStream, Parcel] = {}

    def put(self, stream: RequestStream, events: Iterable[GenerationEvent]) -> None:
        self._parcel(stream).events.extend(events)

    def end(self, stream: RequestStream, error: InklingError | None = None) -> None:
        """Nothing follows; with an error the stream raises it."""
        parcel = self._parcel(stream)
        parcel.error, parcel.last = error, True

    def flush(self) -> list[RequestStream]:
        """Wake each event loop once; returns the streams whose loop is gone."""
        by_loop: dict[asyncio.AbstractEventLoop, list[tuple[RequestStream, Parcel]]] = {}
        for stream, parcel in self._parcels.items():
            by_loop.setdefault(stream.loop, []).append((stream, parcel))
        self._parcels = {}
        lost: list[RequestStream] = []
        for loop, deliveries in by_loop.items():
            try:
                loop.call_soon_threadsafe(_deliver, deliveries)
            except RuntimeError:  # the event loop is closed: nobody listens any more
                lost.extend(stream for stream, _ in deliveries)
        return lost

    def _parcel(self, stream: RequestStream) -> Parcel:
        parcel = self._parcels.get(stream)
        if parcel is None:
            parcel = self._parcels[stream] = Parcel()
        return parcel


def _deliver(deliveries: list[tuple[RequestStream, Parcel]]) -> None:
    for stream, parcel in deliveries:
        stream.deliver(parcel)
