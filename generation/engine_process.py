"""The engine process from start to end: listen, load, serve, stop."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count

from aiohttp import web

from config.errors import InvalidSettings
from generation.command_line import Flags
from generation.freed_memory import give_back_freed_memory
from generation.listening import Listener, listen_on_tcp, listen_on_unix
from generation.load_progress import LoadProgress
from generation.model_host import ModelHost
from generation.model_source import ModelSource, find_source
from generation.parent_watch import ParentWatch
from generation.server import CompletionServer
from generation.types import Engine, EngineLimits

_DRAIN_S = 3.0
"""How long running requests may go on after SIGTERM; the supervisor's patience is longer."""
_CLOSE_S = 1.0
"""How long their last words may take then."""
_READING_S = 1.0
_READINGS_UNTIL_TRIM = 10


async def serve(flags: Flags, parent: ParentWatch | None, progress: LoadProgress) -> None:
    """Until told to stop.

    Raises InvalidSettings for what will never work, EngineFailed for what may work later, BrokenPipeError when nobody
    listens to stdout any more.
    """
    source = find_source(flags.model)
    api_key = flags.read_api_key()
    limits = EngineLimits(flags.max_running, flags.max_waiting, flags.cache_mb * 2**20)
    listener = _listen(flags)
    try:
        host = ModelHost(source.name, limits, progress)
        server = CompletionServer(host, api_key)
        async with _serving(server, host, listener), _told_to_stop(parent) as stop:
            _say(f"Loading {source.name} …", event="loading", url=listener.url, model=source.name)
            await _work(host, listener.url, _builder(flags, source, limits, progress), stop)
    finally:
        listener.close()


async def _work(host: ModelHost, url: str, build: Callable[[], Engine], stop: asyncio.Task[None]) -> None:
    loading = asyncio.create_task(host.load(build))
    await asyncio.wait({loading, stop}, return_when=asyncio.FIRST_COMPLETED)
    if stop.done():
        loading.cancel()
        return
    await loading
    _say_ready(host, url)
    for reading in count(1):
        host.check()
        host.metrics.read_speed()
        await asyncio.wait({stop}, timeout=_READING_S)
        if stop.done():
            return
        if reading % _READINGS_UNTIL_TRIM == 0:
            # What requests left: hundreds of large ones at once leave hundreds of megabytes.
            await asyncio.to_thread(give_back_freed_memory)


def _say_ready(host: ModelHost, url: str) -> None:
    path, longest = host.service.engine.stats().path, host.service.max_model_len
    _say(
        f"Ready at {url} ({host.name}, {path}, {host.load_s:.1f} s). "
        f"It takes {longest:,} tokens, prompt and completion together; Ctrl-C stops it.",
        event="ready",
        url=url,
        model=host.name,
        path=path,
        load_s=round(host.load_s, 2),
        max_model_len=longest,
    )


def _listen(flags: Flags) -> Listener:
    if flags.socket is not None:
        return listen_on_unix(flags.socket)
    listener = listen_on_tcp(flags.host, flags.port)
    if listener.loopback or flags.api_key_file is not None:
        return listener
    listener.close()
    raise InvalidSettings(f"{flags.host} can be reached by others: give a key with --api-key-file, or use 127.0.0.1.")


@asynccontextmanager
async def _serving(server: CompletionServer, host: ModelHost, listener: Listener) -> AsyncIterator[None]:
    """Handlers are cancelled when their client leaves: that is what frees the rows.

    Who closes only the sending half has left, too: docs/decisions/a-client-that-leaves.md.
    """
    runner = web.AppRunner(
        server.app(), handler_cancellation=True, access_log=None, shutdown_timeout=_DRAIN_S + _CLOSE_S
    )
    await runner.setup()
    try:
        await web.SockSite(runner, listener.socket).start()
        yield
    finally:
        # No new connections from here on; what runs may finish, and is told the end when it takes too long.
        closing = asyncio.create_task(runner.cleanup())
        await asyncio.wait({closing}, timeout=_DRAIN_S)
        await host.aclose()
        await closing


@asynccontextmanager
async def _told_to_stop(parent: ParentWatch | None) -> AsyncIterator[asyncio.Task[None]]:
    """Done at the first SIGTERM or SIGINT, or when the parent is gone."""
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    orphaned = asyncio.create_task(_orphaned(parent, told))
    stop = asyncio.create_task(_wait(told))
    try:
        yield stop
    finally:
        stop.cancel()
        orphaned.cancel()


async def _wait(told: asyncio.Event) -> None:
    await told.wait()


async def _orphaned(parent: ParentWatch | None, told: asyncio.Event) -> None:
    if parent is not None:
        await parent.wait()
        told.set()


def _builder(flags: Flags, source: ModelSource, limits: EngineLimits, progress: LoadProgress) -> Callable[[], Engine]:
    def build() -> Engine:
        # Importing torch takes seconds, in which /health already answers.
        from generation.engine_builder import EngineSetup, build_engine
        from generation.fast_runner import FastRunnerBuilder

        setup = EngineSetup(limits, flags.precision, flags.threads)
        return build_engine(source, flags.cache_dir, setup, progress, FastRunnerBuilder(flags.cache_dir))

    progress.begin("Starting the engine.", 0.05)
    return build


def _say(sentence: str, **event: object) -> None:
    """A line for the supervisor, or a sentence where a person reads."""
    sys.stdout.write((sentence if sys.stdout.isatty() else json.dumps(event)) + "\n")
    sys.stdout.flush()
