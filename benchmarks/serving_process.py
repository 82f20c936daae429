"""A process of ours that serves over HTTP: started, waited for until it is ready, and ended."""

from __future__ import annotations

import asyncio
import json
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from typing import IO

from benchmarks.folders import REPOSITORY

_START_S = 600


class DidNotStart(Exception):
    """The text is the last line that the process wrote."""


class ServingProcess:
    def __init__(self, process: Process, log: IO[bytes]) -> None:
        self._process = process
        self._log = log
        self.completions = ""
        """The address that texts are asked of."""

    @classmethod
    async def start(cls, command: Sequence[str]) -> ServingProcess:
        """Ready to write. Raises DidNotStart."""
        log = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the process)
        process = await asyncio.create_subprocess_exec(*command, cwd=REPOSITORY, stdout=PIPE, stderr=log)
        serving = cls(process, log)
        try:
            url = await asyncio.wait_for(serving._ready_url(), _START_S)
        except (TimeoutError, EOFError) as error:
            why = await serving.stop()
            raise DidNotStart(why) from error
        serving.completions = f"{url.removesuffix('/v1')}/v1/completions"
        return serving

    @property
    def pid(self) -> int:
        return self._process.pid

    async def stop(self) -> str:
        """The last line that it wrote for people."""
        if self._process.returncode is None:
            self._process.terminate()
        await self._process.communicate()
        with self._log:
            self._log.seek(0)
            return "".join(self._log.read().decode(errors="replace").strip().splitlines()[-1:])

    async def _ready_url(self) -> str:
        """From what it says for programs. Raises EOFError when it ends first."""
        assert self._process.stdout is not None
        url = ""
        async for line in self._process.stdout:
            event = json.loads(line)
            url = event.get("url", url)
            if event["event"] == "ready":
                return str(url)
        # Its last words come after its output is closed.
        await self._process.wait()
        raise EOFError
