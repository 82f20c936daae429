"""Where a result is shown, and how often it may be shown anew."""

from __future__ import annotations

import asyncio
from typing import Protocol

import structlog

from backends.store.records import RequestRecord
from bots.views import ResultView

log = structlog.get_logger(__name__)


class Reply(Protocol):
    """One result's place on a platform."""

    @property
    def min_interval_s(self) -> float:
        """Least seconds between two updates, as the platform likes it at the moment."""
        ...

    async def open(self, view: ResultView) -> str:
        """Show the result for the first time; returns the reference to find it by after a restart."""
        ...

    async def update(self, view: ResultView) -> None: ...

    async def finish(self, view: ResultView) -> None:
        """Show the final result; called once, always."""
        ...


class Front(Protocol):
    """One platform, as far as the durable queue needs it."""

    def reopen(self, record: RequestRecord) -> Reply:
        """The place of a request from before a restart; `record.reply_ref` is None if nothing was shown yet."""
        ...


class LiveReply:
    """Shows the newest view of a result: one update in flight, those in between skipped, the last always shown."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._latest: ResultView | None = None
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def open(self, view: ResultView) -> str | None:
        """Show it for the first time; None when the platform refused, and the log says why."""
        try:
            return await self._reply.open(view)
        except Exception:
            log.exception("reply.open_failed", request_id=view.request_id)
            return None

    def show(self, view: ResultView) -> None:
        """Show this view soon, unless a newer one comes first."""
        self._latest = view
        self._wake.set()
        if self._task is None:
            self._task = asyncio.create_task(self._pump(), name=f"reply {view.request_id}")

    async def _pump(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self._latest is not None:
                await self._update(self._latest)
            await asyncio.sleep(self._reply.min_interval_s)

    async def _update(self, view: ResultView) -> None:
        try:
            await self._reply.update(view)
        except Exception:
            log.exception("reply.update_failed", request_id=view.request_id)

    async def finish(self, view: ResultView) -> None:
        """Show the final view after whatever is in flight."""
        await self.aclose()
        try:
            await self._reply.finish(view)
        except Exception:
            log.exception("reply.finish_failed", request_id=view.request_id)

    async def aclose(self) -> None:
        """Stop updating, without a final view."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
