"""`inkling serve` as a process, and where it listens."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.folders import REPOSITORY


@dataclass(frozen=True, slots=True)
class Server:
    url: str
    process: Process

    @property
    def pid(self) -> int:
        return self.process.pid

    async def stop(self) -> None:
        if self.process.returncode is None:
            self.process.terminate()
        await self.process.communicate()


async def start_server(flags: Sequence[str]) -> Server:
    command = (sys.executable, "-m", "bots", "serve", "--port", "0", *flags)
    process = await asyncio.create_subprocess_exec(*command, cwd=REPOSITORY, stdout=PIPE, stderr=DEVNULL)
    assert process.stdout is not None
    url = ""
    async for line in process.stdout:
        event = json.loads(line)
        url = event.get("url", url)
        if event["event"] == "ready":
            return Server(url, process)
    raise SystemExit("inkling serve did not start; run it by hand to see why.")
