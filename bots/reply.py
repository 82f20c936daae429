"""Where a result is shown, and how often it may be shown anew."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol, TypeVar

import structlog

from backends.store.records import RequestRecord
from bots.views import ResultView

PATIENCE_S = 30.0

T = TypeVar("T")

log = structlog.get_logger(__name__)


class PlaceGone(Exception):
    """Nobody can see the result where it was shown: its message, thread or channel is no more."""


class Reply(Protocol):
    """One result's place on a platform. Any call may raise PlaceGone."""

    @property
    def min_interval_s(self) -> float:
        """Least seconds between two updates, as the platform likes it at the moment."""
        ...

    async def open(self, view: ResultView) -> str:
        """Show the result for the first time (or again, where it was shown before a restart); returns the reference
        to find it by after a restart."""
        ...

    async def update(self, view: ResultView) -> None: ...

    async def finish(self, view: ResultView) -> None:
        """Show the final result; called once, always. After a restart it may come without `open`."""
        ...


class Front(Protocol):
    """One platform, as far as the durable queue needs it."""

    def reopen(self, record: RequestRecord) -> Reply:
        """The place of a request from before a restart; `record.reply_ref` is what `open` gave, else what the
        invocation said, else None."""
        ...

    def beside(self, record: RequestRecord, origin: RequestRecord) -> Reply:
        """The place of a request that is shown where its origin is, once that has been shown or refused."""
        ...


class LostReply:
    """The place of a result whose front can't find it any more: nothing is shown, the result is kept."""

    min_interval_s = 0.0

    def __init__(self, reply_ref: str | None) -> None:
        self._reply_ref = reply_ref or ""

    async def open(self, view: ResultView) -> str:
        return self._reply_ref

    async def update(self, view: ResultView) -> None:
        """Nowhere to show it."""

    async def finish(self, view: ResultView) -> None:
        """Nowhere to show it."""


class LiveReply:
    """Shows the newest view of a result: one call in flight, views in between skipped, the last always shown.

    A call that takes longer than `patience_s` is given up, and one that fails is logged; neither ends the job. Where
    nobody can see it any more, `on_gone` is told once, nothing more is shown, and that counts as shown.
    """

    def __init__(
        self, reply: Reply, patience_s: float = PATIENCE_S, on_gone: Callable[[], None] = lambda: None
    ) -> None:
        self._reply = reply
        self._patience_s = patience_s
        self._on_gone = on_gone
        self._gone = False
        self._latest: ResultView | None = None
        self._fresh = asyncio.Event()
        self._final: ResultView | None = None
        self._ending = asyncio.Event()
        self._opening: asyncio.Task[str | None] | None = None
        self._showing: asyncio.Task[bool] | None = None

    def open(self, view: ResultView) -> None:
        """Begin to show it for the first time; every other view comes after."""
        self._latest = view
        self._opening = asyncio.create_task(
            self._attempt("open", self._reply.open, view), name=f"open {view.request_id}"
        )

    async def opened(self) -> str | None:
        """The reference, once it was shown; None when the platform refused or nothing was to be opened."""
        if self._opening is None:
            return None
        await asyncio.wait({self._opening})
        return None if self._opening.cancelled() else self._opening.result()

    def show(self, view: ResultView) -> None:
        """Show this view soon, unless a newer one comes first or it is what is shown already."""
        if view == self._latest or self._final is not None:
            return
        self._latest = view
        self._fresh.set()
        self._start()

    async def finish(self, view: ResultView) -> bool:
        """Show the final view after whatever is in flight; False when the platform refused it."""
        self._final = view
        self._ending.set()
        self._fresh.set()
        showing = self._start()
        await asyncio.wait({showing})
        return not showing.cancelled() and showing.result()

    def _start(self) -> asyncio.Task[bool]:
        if self._showing is None:
            self._showing = asyncio.create_task(self._show_all(), name="reply")
        return self._showing

    async def _show_all(self) -> bool:
        await self.opened()
        while self._final is None:
            await self._fresh.wait()
            self._fresh.clear()
            if self._final is None and self._latest is not None:
                await self._attempt("update", self._reply.update, self._latest)
                await self._pause()
        return await self._attempt("finish", self._finish, self._final) is not None or self._gone

    async def _finish(self, view: ResultView) -> bool:
        await self._reply.finish(view)
        return True

    async def _pause(self) -> None:
        """Keep the platform's interval; the final view need not wait for it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._reply.min_interval_s):
                await self._ending.wait()

    async def _attempt(self, what: str, call: Callable[[ResultView], Awaitable[T]], view: ResultView) -> T | None:
        if self._gone:
            return None
        try:
            async with asyncio.timeout(self._patience_s):
                return await call(view)
        except PlaceGone:
            log.info("reply.gone", request_id=view.request_id)
            self._gone = True
            self._on_gone()
            return None
        except Exception:
            log.exception(f"reply.{what}_failed", request_id=view.request_id)
            return None

    async def aclose(self) -> None:
        """Stop showing, without a final view."""
        tasks = [task for task in (self._opening, self._showing) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
