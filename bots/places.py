"""Where a request is shown: at the place that was kept with it, or beside another that may have to be shown first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

import structlog

from backends.store.protocol import Store
from backends.store.records import RequestRecord
from bots.reply import Front, LostReply, Reply
from bots.views import ResultView

log = structlog.get_logger(__name__)


class Places:
    def __init__(
        self, fronts: Mapping[str, Front], store: Store, opened: Callable[[str], Awaitable[str | None]]
    ) -> None:
        """`opened` waits until a request was shown, and tells the reference; None where that can't be told."""
        self._fronts = fronts
        self._store = store
        self._opened = opened

    def reopen(self, record: RequestRecord) -> Reply:
        """Of a request from before a restart, which may have come before anything was shown."""
        if record.kind == "compare" and record.origin_id is not None and record.reply_ref is None:
            return self.beside(record)
        return self._found(record, lambda front: front.reopen(record))

    def beside(self, record: RequestRecord) -> Reply:
        """Where its origin is, once that is known."""

        async def find() -> Reply:
            origin = await self._shown(record.origin_id or "")
            if origin is None:
                return self._found(record, lambda front: front.reopen(record))
            return self._found(record, lambda front: front.beside(record, origin))

        return _Beside(find)

    async def _shown(self, request_id: str) -> RequestRecord | None:
        """A request with the place where it was shown; None once it was deleted."""
        reference = await self._opened(request_id)
        record = await self._store.request(request_id)
        return replace(record, reply_ref=reference) if record is not None and reference is not None else record

    def _found(self, record: RequestRecord, find: Callable[[Front], Reply]) -> Reply:
        try:
            return find(self._fronts[record.workspace.front])
        except Exception:
            log.exception("reply.lost", request_id=record.id)
            return LostReply(record.reply_ref)


class _Beside:
    """A place that is looked for when something is to be shown there, until it was found."""

    def __init__(self, find: Callable[[], Awaitable[Reply]]) -> None:
        self._find = find
        self._place: Reply | None = None

    @property
    def min_interval_s(self) -> float:
        return 0.0 if self._place is None else self._place.min_interval_s

    async def open(self, view: ResultView) -> str:
        return await (await self._there()).open(view)

    async def update(self, view: ResultView) -> None:
        await (await self._there()).update(view)

    async def finish(self, view: ResultView) -> None:
        await (await self._there()).finish(view)

    async def _there(self) -> Reply:
        if self._place is None:
            self._place = await self._find()
        return self._place
