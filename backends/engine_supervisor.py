"""Keeps one engine process running: starts it, watches its health, restarts it with growing pauses."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import structlog

from backends.completions_api.client import OpenAIClient
from backends.completions_api.wire import EngineStatus
from backends.engine_process import REFUSED, EngineExit, EngineProcess
from config.errors import InklingError

State = Literal["idle", "starting", "ready", "restarting", "refused", "closed"]
MAX_SENTENCE = 300

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class EngineTimings:
    """In seconds."""

    check_s: float = 2.0
    """Between two looks at /health."""
    wedged_s: float = 30.0
    """A loaded engine that is silent for so long is killed and restarted."""
    first_pause_s: float = 0.5
    longest_pause_s: float = 30.0
    """Restarts wait 0.5, 1, 2, … 30 s."""
    steady_s: float = 60.0
    """An engine that was ready for so long counts as good: its next restart is quick again."""
    grace_s: float = 5.0
    """From SIGTERM to SIGKILL."""
    refused_s: float = 30.0
    """How long a refused model or setting is not tried again."""
    progress_s: float = 2.0
    """Between two signs of life to one who waits."""
    start_s: float = 900.0
    """How long one request waits for the engine; a first start may download the model."""

    def pause_s(self, failures: int) -> float:
        """Before the restart after `failures` (1 or more) ends in a row."""
        return min(self.longest_pause_s, self.first_pause_s * 2.0 ** min(failures - 1, 30))


class EngineSupervisor:
    """`client` reaches the engine at `socket`; `command` starts it there."""

    def __init__(
        self, name: str, command: Sequence[str], socket: Path, client: OpenAIClient, timings: EngineTimings
    ) -> None:
        self._name = name
        self._command = tuple(command)
        self._socket = socket
        self._client = client
        self._timings = timings
        self._task: asyncio.Task[None] | None = None
        self._process: EngineProcess | None = None
        self._status: EngineStatus | None = None
        self._settled = asyncio.Event()
        self._since = time.monotonic()
        self._pause_s = 0.0
        self._load_s: float | None = None
        self.state: State = "idle"
        self.failures = 0
        """Ends in a row, for the pauses between restarts."""
        self.failed_starts = 0
        """Those of them that were never ready."""
        self.sentence: str | None = None
        """Why it was refused, or what the last failed run said."""
        self.model: str | None = None
        """As the engine calls it; None until it was ready once."""

    def start(self) -> None:
        """Run it if it doesn't. One that was refused is tried again after a while."""
        if self.state == "idle" or (self.state == "refused" and self.retry_after_s == 0):
            self.failures = self.failed_starts = 0
            self._enter("starting")
            self._task = asyncio.create_task(self._run(), name=f"engine {self._name}")

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    @property
    def retry_after_s(self) -> float:
        """Until trying again makes sense, in seconds."""
        waits = {"refused": self._timings.refused_s, "restarting": self._pause_s}
        return max(0.0, waits.get(self.state, 0.0) - self._age_s)

    @property
    def eta_s(self) -> float | None:
        """Until it is ready, in seconds: from its own progress, else from the last load; None when nobody knows."""
        elapsed = self._age_s if self.state == "starting" else 0.0
        progress = self._status.progress if self._status and self.state == "starting" else None
        if progress and 0 < progress <= 1:
            return self.retry_after_s + elapsed * (1 - progress) / progress
        return None if self._load_s is None else self.retry_after_s + max(0.0, self._load_s - elapsed)

    @property
    def waiting(self) -> int:
        """Samples in the engine's queue, when it last answered."""
        return self._status.waiting if self._status else 0

    @property
    def detail(self) -> str | None:
        """What the engine says about its loading."""
        return self._status.detail if self._status else None

    async def wait_settled(self, timeout_s: float) -> None:
        """Until it is ready, refused or closed; at most `timeout_s`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._settled.wait()

    async def wait_unsettled(self, timeout_s: float) -> None:
        """Until the end of a ready engine is noticed; at most `timeout_s`."""
        process = self._process
        if self.state == "ready" and process is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await process.wait()

    async def aclose(self) -> None:
        """Stop the engine, with its process gone when this returns."""
        self._enter("closed")
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @property
    def _age_s(self) -> float:
        return time.monotonic() - self._since

    def _enter(self, state: State) -> None:
        if self.state == "closed":
            return
        self.state, self._since = state, time.monotonic()
        if state in ("ready", "refused", "closed"):
            self._settled.set()
        else:
            self._settled.clear()

    async def _run(self) -> None:
        while True:
            self._status = None
            ended = await self._run_once()
            if ended.refused:
                self._refuse(ended.last_line)
                return
            self.failed_starts += self.state != "ready"
            steady = self.state == "ready" and self._age_s > self._timings.steady_s
            self.failures = 1 if steady else self.failures + 1
            self._pause_s = self._timings.pause_s(self.failures)
            self.sentence = _sentence(ended.last_line)
            self._enter("restarting")
            log.warning("engine stopped", backend=self._name, code=ended.code, restart_in_s=self._pause_s)
            await asyncio.sleep(self._pause_s)
            self._enter("starting")

    async def _run_once(self) -> EngineExit:
        self._socket.unlink(missing_ok=True)
        try:
            self._process = process = await EngineProcess.launch(self._name, self._command)
        except OSError as error:
            return EngineExit(REFUSED, f"I can't start the model process ({type(error).__name__}).")
        watch = asyncio.create_task(self._watch(process))
        try:
            return await process.wait()
        finally:
            watch.cancel()
            await process.stop(self._timings.grace_s)
            await asyncio.gather(watch, return_exceptions=True)
            self._process = None

    def _refuse(self, line: str | None) -> None:
        self.sentence = _sentence(line) or "The model process refused its settings and didn't say why."
        log.error("engine refused to start", backend=self._name, reason=self.sentence)
        self._enter("refused")

    async def _watch(self, process: EngineProcess) -> None:
        """Look at /health again and again; a loaded engine that falls silent is killed."""
        answered_at = time.monotonic()
        while self.state != "closed":
            if await self._look(process):
                answered_at = time.monotonic()
            elif self.state == "ready" and time.monotonic() - answered_at >= self._timings.wedged_s:
                log.error("engine is silent; killed", backend=self._name, silent_s=self._timings.wedged_s)
                process.kill()
                return
            await self._pause(process)

    async def _look(self, process: EngineProcess) -> bool:
        try:
            self._status = await self._client.status(self._timings.wedged_s / 3)
        except InklingError as error:
            log.debug("engine health", backend=self._name, problem=error.sentence)
            return False
        if self._status.status != "loading" and self.state == "starting":
            self._become_ready(process)
        return True

    async def _pause(self, process: EngineProcess) -> None:
        """Until the next look; shorter when the engine says that it is ready."""
        if self.state != "starting":
            await asyncio.sleep(self._timings.check_s)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(min(1.0, self._timings.check_s)):
                await process.ready.wait()
        if process.ready.is_set():
            self._become_ready(process)

    def _become_ready(self, process: EngineProcess) -> None:
        loaded = process.loaded
        self._load_s = self._age_s
        self.failed_starts = 0
        self.model = (loaded.model if loaded else None) or (self._status.model if self._status else None) or self.model
        log.info("engine ready", backend=self._name, model=self.model, load_s=round(self._load_s, 1))
        self._enter("ready")


def _sentence(line: str | None) -> str | None:
    return line.strip()[:MAX_SENTENCE] if line and line.strip() else None
