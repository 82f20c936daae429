"""Erases results older than a server's retention, once an hour."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from backends.store.protocol import Store

EVERY_S = 3600.0

log = structlog.get_logger(__name__)


class Retention:
    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    async def run(self) -> None:
        """Sweep now and every hour, until cancelled; a failed sweep is logged and tried again the next hour."""
        while True:
            try:
                await self.sweep()
            except Exception:
                log.exception("retention.failed")
            await asyncio.sleep(EVERY_S)

    async def sweep(self) -> int:
        """Erase what is due everywhere; returns how many requests."""
        erased = 0
        for ref in await self._store.workspaces():
            days = (await self._store.workspace(ref)).settings.retention_days
            if days is not None:
                erased += await self._store.purge(ref, self._now() - timedelta(days=days))
        if erased:
            log.info("retention.erased", requests=erased)
        return erased
