"""Runs `inkling` as a user does: a process of its own, with its own folder and nothing of our environment.

-P as for the installed command: the folder it is called in is no place to import from.
"""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ECHO = {"INKLING_DEFAULT_BACKEND": "echo", "INKLING_BACKENDS__ECHO__KIND": "echo"}


@dataclass(frozen=True, slots=True)
class Finished:
    code: int
    out: str
    err: str


def environment(home: Path, settings: Mapping[str, str]) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    own = {"HOME": str(home), "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "INKLING_DATA_DIR": str(home / "data")}
    return {**inherited, **own, **settings}


@asynccontextmanager
async def started_inkling(
    *arguments: str | bytes,
    home: Path,
    settings: Mapping[str, str] = ECHO,
    stdin: int = PIPE,
    out: int = PIPE,
) -> AsyncIterator[Process]:
    """A running one; killed if it still runs at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "bots",
        *arguments,
        stdin=stdin,
        stdout=out,
        stderr=PIPE,
        cwd=home,
        env=environment(home, settings),
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def run_inkling(
    *arguments: str | bytes, home: Path, settings: Mapping[str, str] = ECHO, stdin: bytes = b""
) -> Finished:
    async with started_inkling(*arguments, home=home, settings=settings) as process:
        out, err = await process.communicate(stdin)
    assert process.returncode is not None
    return Finished(process.returncode, out.decode(), err.decode())


@dataclass
class Sitting:
    """Somebody at a terminal; `shown` is what stands on it so far, colours and all."""

    process: Process
    shown: str = ""
    _came: asyncio.Event = field(default_factory=asyncio.Event)
    _master: int = 0

    async def until(self, words: str) -> None:
        async with asyncio.timeout(60):
            while words not in self.shown:
                self._came.clear()
                await self._came.wait()

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    async def end(self) -> int:
        async with asyncio.timeout(60):
            return await self.process.wait()

    def read(self) -> None:
        try:
            self.shown += os.read(self._master, 65_536).decode(errors="replace")
        except OSError:  # The last program has let go of it.
            asyncio.get_running_loop().remove_reader(self._master)
        self._came.set()


@asynccontextmanager
async def sitting_inkling(*arguments: str, home: Path, settings: Mapping[str, str] = ECHO) -> AsyncIterator[Sitting]:
    master, slave = os.openpty()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "bots", *arguments,
        stdin=slave, stdout=slave, stderr=slave, cwd=home, env=environment(home, {"TERM": "dumb", **settings}),
    )  # fmt: skip
    os.close(slave)
    sitting = Sitting(process, _master=master)
    asyncio.get_running_loop().add_reader(master, sitting.read)
    try:
        yield sitting
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        asyncio.get_running_loop().remove_reader(master)
        os.close(master)


def server_settings(url: str) -> dict[str, str]:
    """Settings that use the fake completions server at `url`."""
    return {
        "INKLING_DEFAULT_BACKEND": "server",
        "INKLING_BACKENDS__SERVER__KIND": "openai",
        "INKLING_BACKENDS__SERVER__BASE_URL": url,
    }
