"""One run of the engine process: started, listened to, and stopped so that nothing of it stays behind."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog
from pydantic import BaseModel, ValidationError

MAX_LINE_BYTES = 16_384
LAST_WORDS_S = 1.0
"""How long the pipes of an ended process may stay open, should someone else hold them."""
REFUSED = 2
"""The exit code for a model or a setting that will never work."""
STDOUT, STDERR = 1, 2

log = structlog.get_logger(__name__)


class EngineEvent(BaseModel):
    """A line of the engine's stdout."""

    event: str
    model: str | None = None
    load_s: float | None = None


@dataclass(frozen=True, slots=True)
class EngineExit:
    code: int
    """As `subprocess` gives it: below 0, the signal that killed it."""
    last_line: str | None
    """The last thing it wrote to stderr."""

    @property
    def refused(self) -> bool:
        return self.code == REFUSED


class _Listener(asyncio.SubprocessProtocol):
    """Cuts what the process writes into lines. Lines beyond MAX_LINE_BYTES keep their end only.

    asyncio's `Process.wait` waits for the pipes too, which a child of a dead engine can hold open; this tells the two
    apart.
    """

    def __init__(self, hear: Callable[[int, str], None]) -> None:
        self._hear = hear
        self._rest = {STDOUT: b"", STDERR: b""}
        self.exited = asyncio.Event()
        self.silent = asyncio.Event()
        """Exited, and both pipes are read to their end."""

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        *lines, rest = re.split(rb"[\r\n]+", self._rest[fd] + data)
        self._rest[fd] = rest[-MAX_LINE_BYTES:]
        for line in lines:
            self._say(fd, line)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        if fd in self._rest:
            self._say(fd, self._rest[fd])
            self._rest[fd] = b""

    def process_exited(self) -> None:
        self.exited.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.silent.set()

    def _say(self, fd: int, line: bytes) -> None:
        if line:
            self._hear(fd, line[-MAX_LINE_BYTES:].decode("utf-8", errors="replace"))


class EngineProcess:
    """A started process. It has a session of its own: Ctrl-C in a terminal stops the bot, and the bot stops this."""

    def __init__(self, name: str) -> None:
        """Not yet started: use `launch`."""
        self._name = name
        self._last_line: str | None = None
        self._listener = _Listener(self._hear)
        self._transport: asyncio.SubprocessTransport
        self.ready = asyncio.Event()
        """Set once the model is loaded."""
        self.loaded: EngineEvent | None = None

    @classmethod
    async def launch(cls, name: str, command: Sequence[str]) -> EngineProcess:
        """Raises OSError when there is no such program."""
        process = cls(name)
        process._transport, _ = await asyncio.get_running_loop().subprocess_exec(
            lambda: process._listener, *command, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, start_new_session=True
        )
        log.info("engine started", backend=name, pid=process.pid)
        return process

    @property
    def pid(self) -> int:
        return self._transport.get_pid()

    async def wait(self) -> EngineExit:
        """Until it has ended, with all it started, and what it said was read."""
        await self._listener.exited.wait()
        if not self._listener.silent.is_set():
            self.kill()
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS_S):
                await self._listener.silent.wait()
        self._transport.close()
        return EngineExit(self._transport.get_returncode() or 0, self._last_line)

    def kill(self) -> None:
        """At once, with all it started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    async def stop(self, grace_s: float) -> EngineExit:
        """Ask, wait `grace_s` seconds, then kill. Also when this wait is cancelled, nothing is left running."""
        try:
            self._ask_to_stop()
            async with asyncio.timeout(grace_s):
                return await self.wait()
        except TimeoutError:
            log.warning("engine ignores SIGTERM; killed", backend=self._name, pid=self.pid)
        finally:
            if not self._listener.exited.is_set():
                self.kill()
        return await self.wait()

    def _ask_to_stop(self) -> None:
        """Not by `terminate`: that polls, and takes the exit code from asyncio when the end just came."""
        if not self._listener.exited.is_set():
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)

    def _hear(self, fd: int, line: str) -> None:
        if fd == STDERR:
            self._last_line = line
            log.info("engine said", backend=self._name, line=line)
            return
        try:
            event = EngineEvent.model_validate_json(line)
        except ValidationError:
            log.debug("engine said", backend=self._name, line=line)
            return
        if event.event == "ready":
            self.loaded = event
            self.ready.set()
