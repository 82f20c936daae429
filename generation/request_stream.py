"""Events from the engine's thread to the event loop that asked for them, the first and the last of a stream at once."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass, field

from config.errors import InklingError
from generation.types import GenerationEvent, TextGenerated

FRAME_S = 0.03
"""Between two hand-overs to one stream, then until a step ends: eyes tell no more apart, and each costs the event loop,
which shares the cores with the model, about as much as the model needs for a token."""


class RequestStream:
    """One request's events. Everything but `loop` and `told_at` belongs to the event loop's thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.told_at = -math.inf
        """When the engine's thread last handed something over."""
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
    """What one frame has for one stream; of each sample one text."""

    events: list[GenerationEvent] = field(default_factory=list)
    error: InklingError | None = None
    last: bool = False
    _texts: dict[int, int] = field(default_factory=dict)
    """Sample to the place of its text among the events."""

    def add(self, event: GenerationEvent) -> None:
        if isinstance(event, TextGenerated):
            place = self._texts.setdefault(event.sample, len(self.events))
            if place < len(self.events):
                self.events[place] = _join(self.events[place], event)
                return
        self.events.append(event)


def _join(text: GenerationEvent, more: TextGenerated) -> TextGenerated:
    assert isinstance(text, TextGenerated)
    return TextGenerated(text.sample, text.text + more.text, text.tokens + more.tokens)


class Outbox:
    """Collects events and hands them over. Belongs to the engine's thread."""

    def __init__(self, frame_s: float = FRAME_S) -> None:
        self._frame_s = frame_s
        self._parcels: dict[RequestStream, Parcel] = {}

    def put(self, stream: RequestStream, events: Iterable[GenerationEvent]) -> None:
        parcel = self._parcel(stream)
        for event in events:
            parcel.add(event)

    def end(self, stream: RequestStream, error: InklingError | None = None) -> None:
        """Nothing follows; with an error the stream raises it."""
        parcel = self._parcel(stream)
        parcel.error, parcel.last = error, True

    def forget(self, stream: RequestStream) -> None:
        """Nobody listens any more."""
        self._parcels.pop(stream, None)

    def flush(self) -> list[RequestStream]:
        """Hand over what is due, waking each event loop once; returns the streams whose loop is gone."""
        by_loop: dict[asyncio.AbstractEventLoop, list[tuple[RequestStream, Parcel]]] = {}
        now = time.monotonic()
        for stream, parcel in list(self._parcels.items()):
            if parcel.last or now - stream.told_at >= self._frame_s or stream.loop.is_closed():
                stream.told_at = now
                by_loop.setdefault(stream.loop, []).append((stream, self._parcels.pop(stream)))
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
