"""The events of several engine requests that belong to one call, as they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from generation.types import GenerationEvent, GenerationRequest

if TYPE_CHECKING:
    from types import TracebackType


Generate = Callable[[GenerationRequest], AsyncGenerator[GenerationEvent, None]]


@dataclass(frozen=True, slots=True)
class PlacedEvent:
    """`prompt` is the request's place in the call, from 0."""

    prompt: int
    event: GenerationEvent


@dataclass(frozen=True, slots=True)
class _End:
    """A worker has nothing left to do, or failed with `error`."""

    error: Exception | None = None


class EventFeed:
    """Runs requests, `at_once` of them at a time. Leaving its `async with` aborts what still runs."""

    def __init__(self, generate: Generate, requests: Sequence[GenerationRequest], at_once: int) -> None:
        self._generate = generate
        self._todo = iter(enumerate(requests))
        self._workers = min(max(1, at_once), len(requests))
        self._queue: asyncio.Queue[PlacedEvent | _End] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []
        self._error: Exception | None = None

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._work()) for _ in range(self._workers)]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def ended(self) -> bool:
        """Nothing more comes."""
        return self._workers == 0

    async def take(self, timeout_s: float | None) -> list[PlacedEvent]:
        """What has come since, at least one event; nothing when none came in time or all is over.

        Raises the first error of any request, after everything that came before it.
        """
        events: list[PlacedEvent] = []
        while not events and not self.ended:
            if self._error is not None:
                raise self._error
            try:
                async with asyncio.timeout(timeout_s):
                    item = await self._queue.get()
            except TimeoutError:
                break
            self._sort(item, events)
        return events

    def _sort(self, item: PlacedEvent | _End, events: list[PlacedEvent]) -> None:
        """This item and all that wait behind it."""
        while True:
            if isinstance(item, PlacedEvent):
                events.append(item)
            elif item.error is not None:
                self._error = self._error or item.error
            else:
                self._workers -= 1
            if self._error is not None or self._queue.empty():
                return
            item = self._queue.get_nowait()

    async def _work(self) -> None:
        try:
            for place, request in self._todo:
                async with aclosing(self._generate(request)) as events:
                    async for event in events:
                        self._queue.put_nowait(PlacedEvent(place, event))
        except Exception as error:
            self._queue.put_nowait(_End(error))
        else:
            self._queue.put_nowait(_End())
