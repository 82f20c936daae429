"""Completions from a model on this machine, in an engine process that is started, watched and restarted here."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path

import aiohttp

from backends.closing import Closing
from backends.completions_api.client import OpenAIClient
from backends.completions_api.dialect import ENGINE
from backends.completions_api.errors import ConnectionLost, LostBeforeAnswer, ServerUnreachable
from backends.engine_supervisor import EngineSupervisor, EngineTimings
from backends.explanation import Explanation
from backends.merge import merge
from backends.openai import OpenAIBackend, engine_health
from backends.protocol import BackendHealth, CompletionEvent, CompletionRequest, Progress
from config.errors import BackendUnavailable, EngineFailed, EngineRefused, InklingError, NotFound
from config.settings import LocalBackendSettings
from generation.command_line import ENGINE_COMMAND

HOPELESS_STARTS = 3
"""After so many failed starts in a row, requests are told instead of kept waiting."""
MAX_SOCKET_PATH_BYTES = 100
ATTEMPTS = 2
"""A request that fell into the gap between two engines is put again, once: it could be what ends them."""
NOTICE_S = 2.0


class LocalBackend:
    """`command` starts the engine, before its flags; `runtime_dir` is where the socket's private folder goes."""

    def __init__(
        self,
        name: str,
        settings: LocalBackendSettings,
        cache_dir: Path,
        runtime_dir: Path,
        *,
        command: Sequence[str] = ENGINE_COMMAND,
        timings: EngineTimings | None = None,
    ) -> None:
        self._name = name
        self._model = settings.model
        self._timings = timings or EngineTimings()
        self._closing = Closing(name)
        self._folder = _private_folder(runtime_dir)
        socket = self._folder / "engine.sock"
        client = OpenAIClient(
            name,
            "http://engine/v1",
            connector=lambda: aiohttp.UnixConnector(str(socket), limit=0, force_close=True),
            idle_timeout_s=None,
            retry_pauses_s=(),
        )
        self._engine = OpenAIBackend(name, client, dialect=ENGINE)
        arguments = engine_arguments(settings, socket, cache_dir)
        self._client = client
        self._supervisor = EngineSupervisor(name, (*command, *arguments), socket, client, self._timings)

    @property
    def name(self) -> str:
        return self._name

    @property
    def engine_pid(self) -> int | None:
        """Of the running engine process; None when there is none."""
        return self._supervisor.pid

    async def stream(self, request: CompletionRequest) -> AsyncGenerator[CompletionEvent, None]:
        """Waits for the engine first, telling how long; `deadline_s` counts from when it is ready."""
        self._check_model(request.model)
        for attempt in range(1, ATTEMPTS + 1):
            async with aclosing(self._wait_for_engine()) as waiting:
                async for progress in waiting:
                    yield progress
            try:
                async with aclosing(self._written(request)) as events:
                    async for event in events:
                        yield event
                return
            except (ServerUnreachable, ConnectionLost) as error:
                await self._notice_the_end()
                not_begun = isinstance(error, ServerUnreachable | LostBeforeAnswer)
                if attempt == ATTEMPTS or not not_begun:
                    raise self._stopped() from error

    @property
    def explains(self) -> bool:
        """See `Explainer`: our own engine always can."""
        return True

    async def explain(self, request: CompletionRequest, text: str | None) -> Explanation:
        """See `Explainer`. Waits for the engine first."""
        self._check_model(request.model)
        async with aclosing(self._wait_for_engine()) as waiting:
            async for _ in waiting:
                pass
        try:
            return await self._engine.explain(request, text)
        except (ServerUnreachable, ConnectionLost) as error:
            await self._notice_the_end()
            raise self._stopped() from error

    async def models(self) -> tuple[str, ...]:
        """The one model, as the engine calls it once it knows."""
        return (self._supervisor.model or self._model,)

    async def health(self) -> BackendHealth:
        """From the supervisor, and from the engine itself once it is ready."""
        supervisor, model = self._supervisor, self._supervisor.model or self._model
        match supervisor.state:
            case "idle":
                return BackendHealth("asleep", "The model is not loaded yet.", model)
            case "starting":
                return BackendHealth("starting", supervisor.detail or "The model process is starting.", model)
            case "restarting":
                return BackendHealth("starting", self._restart_sentence(), model)
            case "refused":
                return BackendHealth("unavailable", supervisor.sentence or "", model)
            case "closed":
                return BackendHealth("unavailable", f"{self._name} is closed.", model)
            case "ready":
                return await self._engine_health(model)

    async def start(self) -> None:
        self._supervisor.start()

    async def aclose(self) -> None:
        self._closing.close()
        await self._engine.aclose()
        await self._supervisor.aclose()
        shutil.rmtree(self._folder, ignore_errors=True)

    async def _engine_health(self, model: str) -> BackendHealth:
        try:
            return engine_health(await self._client.status(), model)
        except InklingError as error:
            return BackendHealth("unavailable", error.sentence, model)

    async def _written(self, request: CompletionRequest) -> AsyncGenerator[CompletionEvent, None]:
        """The engine's events, and news of its queue until the first of them."""
        begun = asyncio.Event()
        both = merge([self._signalled(request, begun), self._queue_news(request.options.samples, begun)])
        async with aclosing(both) as events:
            async for event in events:
                yield event

    async def _signalled(
        self, request: CompletionRequest, begun: asyncio.Event
    ) -> AsyncGenerator[CompletionEvent, None]:
        async with aclosing(self._engine.stream(request)) as events:
            async for event in events:
                begun.set()
                yield event

    async def _queue_news(self, own: int, begun: asyncio.Event) -> AsyncGenerator[CompletionEvent, None]:
        """How many samples are ahead, as long as the engine has some waiting; later ones queue behind, so it falls."""
        ahead: int | None = None
        while not await _set_within(begun, self._timings.progress_s):
            if self._supervisor.waiting > 0:
                now = max(0, self._supervisor.waiting - own)
                ahead = now if ahead is None else min(ahead, now)
                yield Progress("queued", position=ahead)

    async def _wait_for_engine(self) -> AsyncGenerator[Progress, None]:
        """Until it is ready; tells at once and every two seconds. Raises BackendUnavailable."""
        give_up_at = time.monotonic() + self._timings.start_s
        self._closing.check()
        self._supervisor.start()
        waited = self._supervisor.state != "ready"
        while self._supervisor.state != "ready":
            self._check_hope()
            if time.monotonic() > give_up_at:
                raise BackendUnavailable(f"The model is not ready after {self._timings.start_s:g} s.")
            yield Progress("starting", eta_s=self._supervisor.eta_s)
            async with self._closing.interruptible():
                await self._supervisor.wait_settled(self._timings.progress_s)
        if waited:
            yield Progress("running")

    async def _notice_the_end(self) -> None:
        """A dying process still takes connections for a moment: who comes next shall wait for the next one."""
        async with self._closing.interruptible():
            await self._supervisor.wait_unsettled(NOTICE_S)

    def _check_hope(self) -> None:
        supervisor = self._supervisor
        if supervisor.state == "refused":
            raise EngineRefused(supervisor.sentence or "", supervisor.retry_after_s)
        if supervisor.failed_starts >= HOPELESS_STARTS:
            raise BackendUnavailable(self._restart_sentence(), supervisor.retry_after_s)

    def _check_model(self, model: str | None) -> None:
        known = (self._supervisor.model or self._model, self._model)
        if model is not None and model not in known:
            raise NotFound(f'{self._name} has no model "{model}"; it has {known[0]}.')

    def _restart_sentence(self) -> str:
        times = self._supervisor.failures
        stopped = "The model process stopped" + (f" {times} times in a row" if times > 1 else "")
        return f"{stopped}; it is started again in {self._supervisor.retry_after_s:.0f} s."

    def _stopped(self) -> InklingError:
        if self._closing.closed:
            return BackendUnavailable(f"{self._name} is closed.")
        return EngineFailed("The model process stopped while it wrote; it restarts by itself, so try again.")


def engine_arguments(settings: LocalBackendSettings, socket: Path, cache_dir: Path) -> tuple[str, ...]:
    """The engine's flags for these settings, where we start and watch it."""
    return (*engine_flags(settings, cache_dir), "--socket", str(socket), "--exit-with-parent")


def engine_flags(settings: LocalBackendSettings, cache_dir: Path) -> tuple[str, ...]:
    """The engine's flags for these settings, wherever it listens."""
    flags = {
        "--model": settings.model,
        "--max-running": str(settings.max_running),
        "--max-waiting": str(settings.max_waiting),
        "--precision": settings.precision,
        "--cache-mb": str(settings.cache_mb),
        "--cache-dir": str(cache_dir),
    }
    if settings.threads is not None:
        flags["--threads"] = str(settings.threads)
    return tuple(part for flag in flags.items() for part in flag)


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True


def _private_folder(runtime_dir: Path) -> Path:
    """A new folder only we may enter, with room for a socket's name in the 100 bytes such a path may have."""
    runtime_dir.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="e-", dir=runtime_dir))
    if len(bytes(folder / "engine.sock")) < MAX_SOCKET_PATH_BYTES:
        return folder
    folder.rmdir()
    return Path(tempfile.mkdtemp(prefix="inkling-", dir="/tmp"))
