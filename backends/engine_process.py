"""One run of the engine process: started, listened to, and stopped so that nothing of it stays behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import structlog
from pydantic import BaseModel, ValidationError

MAX_LINE_BYTES = 16_384
REFUSED = 2
"""The exit code for a model or a setting that will never work."""

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


class EngineProcess:
    """A started process. It has a session of its own: Ctrl-C in a terminal stops the bot, and the bot stops this."""

    def __init__(self, name: str, process: Process) -> None:
        self._name = name
        self._process = process
        self._last_line: str | None = None
        self._readers = [
            asyncio.create_task(self._read_stdout(_lines(process.stdout))),
            asyncio.create_task(self._read_stderr(_lines(process.stderr))),
        ]
        self.ready = asyncio.Event()
        """Set once the model is loaded."""
        self.loaded: EngineEvent | None = None

    @classmethod
    async def launch(cls, name: str, command: Sequence[str]) -> EngineProcess:
        """Raises OSError when there is no such program."""
        process = await asyncio.create_subprocess_exec(
            *command, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, start_new_session=True
        )
        log.info("engine started", backend=name, pid=process.pid)
        return cls(name, process)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def wait(self) -> EngineExit:
        """Until it has ended and everything it said was read."""
        code = await self._process.wait()
        self.kill()
        await asyncio.wait(self._readers)
        for reader in self._readers:
            reader.result()
        return EngineExit(code, self._last_line)

    def kill(self) -> None:
        """At once, with all it started: its children could hold our pipes open after its end."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    async def stop(self, grace_s: float) -> EngineExit:
        """Ask, wait `grace_s` seconds, then kill. Also when this wait is cancelled, nothing is left running."""
        try:
            self._ask_to_stop()
            async with asyncio.timeout(grace_s):
                return await self.wait()
        except TimeoutError:
            log.warning("engine ignores SIGTERM; killed", backend=self._name, pid=self.pid)
        finally:
            if self._process.returncode is None:
                self.kill()
        return await self.wait()

    def _ask_to_stop(self) -> None:
        """Not by `Process.terminate`: that polls, and takes the exit code from asyncio when the end just came."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGTERM)

    async def _read_stdout(self, lines: AsyncIterator[str]) -> None:
        async for line in lines:
            try:
                event = EngineEvent.model_validate_json(line)
            except ValidationError:
                log.debug("engine said", backend=self._name, line=line)
                continue
            if event.event == "ready":
                self.loaded = event
                self.ready.set()

    async def _read_stderr(self, lines: AsyncIterator[str]) -> None:
        async for line in lines:
            self._last_line = line
            log.info("engine said", backend=self._name, line=line)


async def _lines(stream: asyncio.StreamReader | None) -> AsyncIterator[str]:
    """Lines that hold something, however long: a line beyond MAX_LINE_BYTES keeps its end only."""
    if stream is None:
        raise ValueError("the process was started without pipes")
    rest = b""
    while chunk := await stream.read(65_536):
        *lines, rest = re.split(rb"[\r\n]+", rest + chunk)
        for line in filter(None, lines):
            yield line[-MAX_LINE_BYTES:].decode("utf-8", errors="replace")
        rest = rest[-MAX_LINE_BYTES:]
    if rest:
        yield rest.decode("utf-8", errors="replace")
