"""Says that this bot is here to others that share its store, and takes over what those left that are gone."""

from __future__ import annotations

import asyncio

import structlog

from backends.store.protocol import STAY_EVERY_S, Store, StoreFailed
from bots.jobs import Jobs

log = structlog.get_logger(__name__)


class Sharing:
    def __init__(self, store: Store, jobs: Jobs) -> None:
        self._store = store
        self._jobs = jobs

    async def begin(self) -> None:
        """Before anything is taken up, so that nobody takes it for left."""
        await self._store.stay()

    async def run(self) -> None:
        """Until cancelled; when the store fails, again the next time."""
        while True:
            await asyncio.sleep(STAY_EVERY_S)
            try:
                await self.look()
            except StoreFailed as error:
                log.warning("sharing.interrupted", reason=error.sentence)
            except Exception:
                log.exception("sharing.failed")

    async def look(self) -> int:
        """Once; returns how many requests were taken over."""
        taken = await self._jobs.take_over() if await self._store.stay() else 0
        if taken:
            log.info("sharing.taken_over", requests=taken)
        return taken

    async def end(self) -> None:
        """Once nothing is worked on any more."""
        try:
            await self._store.leave()
        except Exception as error:
            log.warning("sharing.not_left", reason=type(error).__name__)
