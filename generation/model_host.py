"""The one model of this process, while it loads and after."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from config.errors import BackendUnavailable, EngineFailed
from generation.completions import CompletionService
from generation.load_progress import LoadProgress, LoadState
from generation.metrics import EngineMetrics
from generation.types import Engine, EngineLimits, EngineStats

_RETRY_S = 2.0


class ModelHost:
    """`name` is the model's; `progress` is what the loading reports to."""

    def __init__(self, name: str, limits: EngineLimits, progress: LoadProgress) -> None:
        self.name = name
        self.metrics = EngineMetrics(self._stats)
        self.load_s = math.nan
        """How long the loading took, in seconds."""
        self._limits = limits
        self._progress = progress
        self._service: CompletionService | None = None

    @property
    def loading(self) -> LoadState | None:
        """How far it is; None once the model is ready."""
        return None if self._service is not None else self._progress.state

    @property
    def service(self) -> CompletionService:
        """Raises BackendUnavailable while the model loads."""
        if self._service is None:
            raise BackendUnavailable(f"{self.name} is still loading; try again in a moment.", _RETRY_S)
        return self._service

    async def load(self, build: Callable[[], Engine]) -> None:
        """Run `build` on a thread of its own and serve its engine. Raises what it raises."""
        started = time.monotonic()
        engine = await _run_on_daemon(build)
        self._service = CompletionService(engine, self._limits.max_running, self.metrics)
        self.load_s = time.monotonic() - started
        self._progress.advance(1.0)

    def check(self) -> None:
        """Raises EngineFailed when the engine broke for good: a new process is the only cure."""
        if self._service is not None and not self._service.engine.alive:
            raise EngineFailed(f"The thread that runs {self.name} broke; the engine has to start again.")

    async def aclose(self) -> None:
        """Open requests end with EngineFailed."""
        if self._service is not None:
            self._service.close()
            await self._service.engine.aclose()

    def _stats(self) -> EngineStats | None:
        return None if self._service is None else self._service.engine.stats()


async def _run_on_daemon(build: Callable[[], Engine]) -> Engine:
    """Unlike an executor's, this thread does not keep a process alive that was told to stop."""
    loop = asyncio.get_running_loop()
    built: asyncio.Future[Engine] = loop.create_future()

    def work() -> None:
        engine, failure = None, None
        try:
            engine = build()
        except BaseException as error:
            failure = error
        # The loop is closed when the process was told to stop meanwhile: then nobody waits for the engine.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_settle, built, engine, failure)

    threading.Thread(target=work, name="inkling-loader", daemon=True).start()
    return await built


def _settle(built: asyncio.Future[Engine], engine: Engine | None, error: BaseException | None) -> None:
    if built.done():
        return
    if engine is not None:
        built.set_result(engine)
    else:
        built.set_exception(error or RuntimeError("no engine was built"))
