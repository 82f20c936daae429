"""A peer's process, spoken to in lines of JSON."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, Any

from benchmarks.contender import Heard, Visit, Written
from benchmarks.folders import REPOSITORY
from benchmarks.peers.environments import LeftOut

_LINE_LIMIT = 64 * 2**20
_PATIENCE_S = 600
_DYING_S = 10


class PeerProcess:
    def __init__(self, title: str, process: Process, log: IO[bytes]) -> None:
        self.title = title
        self.versions: Mapping[str, str] = {}
        self.commands: frozenset[str] = frozenset()
        """What it can be asked: not every peer can do everything."""
        self._process = process
        self._log = log

    @classmethod
    async def start(cls, title: str, command: Sequence[str], more: Mapping[str, str] | None = None) -> PeerProcess:
        """Raises LeftOut when it does not come up."""
        log = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the process)
        environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TQDM_DISABLE": "1", **(more or {})}
        process = await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, stderr=log, cwd=REPOSITORY, env=environment, limit=_LINE_LIMIT
        )
        peer = cls(title, process, log)
        greeting = await peer._hear()
        peer.versions, peer.commands = greeting["versions"], frozenset(greeting["commands"])
        return peer

    async def generate(self, prompts: Sequence[Sequence[int]], new_tokens: int, seed: int) -> Written:
        answer = await self.ask("generate", prompts=prompts, new_tokens=new_tokens, seed=seed)
        return Written(answer["seconds"], answer["tokens"])

    async def first_token(self, prompt: Sequence[int], seed: int) -> float:
        return (await self.generate([prompt], 1, seed)).seconds

    async def arrive(self, visits: Sequence[Visit], new_tokens: int) -> Sequence[Heard]:
        clients = [{"at": visit.at, "prompt": visit.prompt} for visit in visits]
        answer = await self.ask("arrive", clients=clients, new_tokens=new_tokens)
        times = answer["times"]
        tokens = answer.get("tokens", map(len, times))
        return [Heard(tuple(each), count) for each, count in zip(times, tokens, strict=True)]

    async def peak_memory(self) -> int | None:
        return int((await self.ask("memory"))["peak_bytes"])

    async def ask(self, do: str, **order: object) -> Any:
        """`do` is one of `commands`. Raises LeftOut when it dies over it, or takes more than minutes."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, **order}).encode() + b"\n")
        return await self._hear()

    async def aclose(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        self._log.close()

    async def _hear(self) -> Any:
        assert self._process.stdout is not None
        try:
            line = await asyncio.wait_for(self._process.stdout.readline(), _PATIENCE_S)
        except TimeoutError:
            line = b""
        if not line:
            why = await self._last_words()
            await self.aclose()
            raise LeftOut(f"its process failed: {why}")
        return json.loads(line)

    async def _last_words(self) -> str:
        """Python closes its output before it says what went wrong."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), _DYING_S)
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        return lines[-1][:200] if lines else "it said nothing"


class RoutedPeer:
    """Two processes of one peer: its pipeline for one sequence, and its pipeline for many."""

    def __init__(self, alone: PeerProcess, many: PeerProcess) -> None:
        self.title = many.title
        self.versions = many.versions
        self._alone = alone
        self._many = many

    async def generate(self, prompts: Sequence[Sequence[int]], new_tokens: int, seed: int) -> Written:
        return await (self._many if len(prompts) > 1 else self._alone).generate(prompts, new_tokens, seed)

    async def first_token(self, prompt: Sequence[int], seed: int) -> float:
        """By the one that keeps prompts: as quick for a new one, and quicker for the same again."""
        return await self._many.first_token(prompt, seed)

    async def arrive(self, visits: Sequence[Visit], new_tokens: int) -> Sequence[Heard]:
        return await self._many.arrive(visits, new_tokens)

    async def peak_memory(self) -> int | None:
        """Of the larger, as a server would run one of them."""
        peaks = [await self._alone.peak_memory(), await self._many.peak_memory()]
        return max((peak for peak in peaks if peak is not None), default=None)

    async def aclose(self) -> None:
        await self._alone.aclose()
        await self._many.aclose()
