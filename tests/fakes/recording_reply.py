"""A platform that remembers what it was shown, and can hang or refuse."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from backends.store.records import RequestRecord
from bots.views import ResultView

Call = Literal["open", "update", "finish"]


@dataclass
class RecordingReply:
    """`calls` holds what was shown, when it had been shown. A gate makes calls of that kind wait."""

    reference: str = "message-1"
    min_interval_s: float = 0.0
    calls: list[tuple[Call, ResultView]] = field(default_factory=list)
    gates: dict[Call, asyncio.Event] = field(default_factory=dict)
    errors: dict[Call, Exception] = field(default_factory=dict)
    begun: list[Call] = field(default_factory=list)
    most_in_flight: int = 0
    _in_flight: int = 0
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def open(self, view: ResultView) -> str:
        await self._record("open", view)
        return self.reference

    async def update(self, view: ResultView) -> None:
        await self._record("update", view)

    async def finish(self, view: ResultView) -> None:
        await self._record("finish", view)

    async def _record(self, call: Call, view: ResultView) -> None:
        self._in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self._in_flight)
        self.begun.append(call)
        await self._tell()
        try:
            if call in self.gates:
                await self.gates[call].wait()
            if call in self.errors:
                raise self.errors[call]
            self.calls.append((call, view))
        finally:
            self._in_flight -= 1
        await self._tell()

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def until(self, holds: Callable[[RecordingReply], bool]) -> None:
        """Wait until something is true of what was shown."""
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(lambda: holds(self))

    async def until_text(self, text: str) -> None:
        await self.until(lambda reply: any(text in each.text for view in reply.views for each in view.samples))

    async def until_begun(self, call: Call) -> None:
        await self.until(lambda reply: call in reply.begun)

    def hold(self, call: Call) -> asyncio.Event:
        """Calls of that kind hang from now on, until the returned event is set."""
        return self.gates.setdefault(call, asyncio.Event())

    @property
    def kinds(self) -> list[Call]:
        return [call for call, _ in self.calls]

    @property
    def views(self) -> list[ResultView]:
        return [view for _, view in self.calls]

    @property
    def last(self) -> ResultView:
        return self.views[-1]

    @property
    def final(self) -> ResultView:
        """The final view; there must be exactly one."""
        (view,) = [view for call, view in self.calls if call == "finish"]
        return view


class RecordingFront:
    """Gives each request it is asked for a RecordingReply."""

    def __init__(self) -> None:
        self.replies: dict[str, RecordingReply] = {}
        self.reopened: list[RequestRecord] = []
        self.error: Exception | None = None

    def reopen(self, record: RequestRecord) -> RecordingReply:
        self.reopened.append(record)
        if self.error is not None:
            raise self.error
        return self.replies.setdefault(record.id, RecordingReply(record.reply_ref or "message-again"))

    def beside(self, record: RequestRecord, origin: RequestRecord) -> RecordingReply:
        return self.replies.setdefault(record.id, RecordingReply(f"beside {origin.reply_ref}"))
