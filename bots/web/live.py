"""Results as they are being written, fanned out to every open page; a slow page skips what it would have missed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Literal

from backends.store.records import RequestRecord
from bots.reply import Reply
from bots.views import ResultView
from bots.web.identity import YOU

MIN_INTERVAL_S = 0.05
MAX_PENDING = 500
REPLY_REF = "page"


@dataclass(frozen=True, slots=True)
class ResultShown:
    """A result as it is now. Without its prompt when this page has been told it (`prompt` is False)."""

    view: ResultView
    prompt: bool = True


@dataclass(frozen=True, slots=True)
class Removed:
    """A result that was deleted or undone."""

    request_id: str
    channel: str


@dataclass(frozen=True, slots=True)
class Changed:
    """Something to fetch anew. `history`: this page has missed so much that it should begin again."""

    what: Literal["session", "history", "health"]


LiveEvent = ResultShown | Removed | Changed


class Listener:
    """One page's events: at most one per result, the newest."""

    def __init__(self) -> None:
        self._pending: dict[str, LiveEvent] = {}
        self._told: set[str] = set()
        self._wake = asyncio.Event()
        self.closed = False

    def close(self) -> None:
        """Let `next` return at once from now on."""
        self.closed = True
        self._wake.set()

    def push(self, event: LiveEvent) -> None:
        key = _key(event)
        self._pending.pop(key, None)
        self._pending[key] = event
        if len(self._pending) > MAX_PENDING:
            self._pending = {"history": Changed("history")}
        self._wake.set()

    async def next(self) -> tuple[LiveEvent, ...]:
        """Everything since the last call, oldest first; waits until there is something."""
        await self._wake.wait()
        if not self.closed:
            self._wake.clear()
        events = tuple(self._trimmed(event) for event in self._pending.values())
        self._pending = {}
        return events

    def _trimmed(self, event: LiveEvent) -> LiveEvent:
        """A long prompt crosses the wire at a result's beginning and end, not with every word."""
        if not isinstance(event, ResultShown):
            return event
        told = event.view.request_id in self._told
        if event.view.ended:
            self._told.discard(event.view.request_id)
            return event
        self._told.add(event.view.request_id)
        return replace(event, prompt=not told)


class Broadcast:
    """Every open page of this machine."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self._open: dict[str, ResultView] = {}
        self.ended: Counter[str] = Counter()
        """How many results ended in which way since the start."""

    @property
    def pages(self) -> int:
        return len(self._listeners)

    @contextmanager
    def listen(self) -> Iterator[Listener]:
        """A listener that begins with every result that is open now."""
        listener = Listener()
        for view in self._open.values():
            listener.push(ResultShown(view))
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def show(self, view: ResultView) -> None:
        """Tell every page; a program's private result concerns none of them."""
        if view.private and view.requester_id != YOU.id:
            return
        if view.ended:
            self._open.pop(view.request_id, None)
        else:
            self._open[view.request_id] = view
        self.tell(ResultShown(view))

    def remove(self, request_id: str, channel: str) -> None:
        self._open.pop(request_id, None)
        self.tell(Removed(request_id, channel))

    def tell(self, event: LiveEvent) -> None:
        for listener in self._listeners:
            listener.push(event)

    def close(self) -> None:
        """End every page's stream; the pages connect again when there is a server."""
        for listener in self._listeners:
            listener.close()


class PageReply:
    """A result's place on the page: wherever a page is open."""

    def __init__(self, broadcast: Broadcast) -> None:
        self._broadcast = broadcast

    @property
    def min_interval_s(self) -> float:
        return MIN_INTERVAL_S

    async def open(self, view: ResultView) -> str:
        await self.update(view)
        return REPLY_REF

    async def update(self, view: ResultView) -> None:
        self._broadcast.show(view)

    async def finish(self, view: ResultView) -> None:
        self._broadcast.ended[view.status] += 1
        self._broadcast.show(view)


class PageFront:
    """The page as the durable queue sees it."""

    def __init__(self, broadcast: Broadcast) -> None:
        self._broadcast = broadcast

    def reopen(self, record: RequestRecord) -> Reply:
        return PageReply(self._broadcast)

    def beside(self, record: RequestRecord, origin: RequestRecord) -> Reply:
        return PageReply(self._broadcast)


def _key(event: LiveEvent) -> str:
    if isinstance(event, ResultShown):
        return event.view.request_id
    return event.request_id if isinstance(event, Removed) else event.what
