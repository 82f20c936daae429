"""This engine as users meet it: a process of its own, asked over HTTP."""

from __future__ import annotations

import asyncio
import copy
import json
import subprocess
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.contender import Heard, Visit, Written
from benchmarks.folders import CACHE, REPOSITORY
from benchmarks.peers.environments import LeftOut
from benchmarks.peers.worker import TEMPERATURE, TOP_K, TOP_P
from benchmarks.serving_process import DidNotStart, ServingProcess
from generation.command_line import ENGINE_COMMAND

MOST_ROWS = 32
ENGINE_CACHE = CACHE / "engine"
_PATIENCE_S = 600
_SAMPLING = {"temperature": TEMPERATURE, "top_k": TOP_K, "top_p": TOP_P}


@dataclass(frozen=True, slots=True)
class EngineVariant:
    title: str
    flags: tuple[str, ...] = ()
    """Added to the command that starts the engine."""


@cache
def knows_flag(flag: str) -> bool:
    shown = subprocess.run((*ENGINE_COMMAND, "--help"), cwd=REPOSITORY, capture_output=True, text=True)
    return flag in shown.stdout


class EngineServer:
    def __init__(self, title: str, process: ServingProcess) -> None:
        self.title = title
        self._fields: Mapping[str, Any] = {}
        self.versions: Mapping[str, str] = {name: metadata.version(name) for name in ("torch", "transformers")}
        self._process = process
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(_PATIENCE_S))

    @classmethod
    async def start(cls, variant: EngineVariant, model: str, cache_dir: Path = ENGINE_CACHE) -> EngineServer:
        """Ready to write. Raises LeftOut when it does not come up."""
        flags = ("--model", model, "--port", "0", "--max-running", str(MOST_ROWS), "--cache-dir", str(cache_dir))
        try:
            process = await ServingProcess.start((*ENGINE_COMMAND, *flags, "--exit-with-parent", *variant.flags))
        except DidNotStart as why:
            raise LeftOut(f"it did not start: {why}") from why
        return cls(variant.title, process)

    def asking(self, title: str, fields: Mapping[str, Any]) -> EngineServer:
        """The same engine, asked for more by `generate`; closing one of them closes it."""
        other = copy.copy(self)
        other.title, other._fields = title, fields
        return other

    async def generate(self, prompts: Sequence[Sequence[int]], new_tokens: int, seed: int) -> Written:
        """As many clients at once as there are prompts."""
        started = time.perf_counter()
        written = await asyncio.gather(
            *(self._write(prompt, new_tokens, seed + place) for place, prompt in enumerate(prompts))
        )
        return Written(time.perf_counter() - started, sum(written))

    async def first_token(self, prompt: Sequence[int], seed: int) -> float:
        return (await self.generate([prompt], 1, seed)).seconds

    async def arrive(self, visits: Sequence[Visit], new_tokens: int) -> Sequence[Heard]:
        started = time.perf_counter()

        async def visit(place: int) -> Heard:
            await asyncio.sleep(visits[place].at)
            times: list[float] = []
            tokens = 0
            async for choice in self._stream(_body(visits[place].prompt, new_tokens, place)):
                tokens = choice.get("completion_tokens", tokens)
                if choice["text"] or (tokens and not times):
                    times.append(time.perf_counter() - started)
            return Heard(tuple(times), tokens)

        return await asyncio.gather(*(visit(place) for place in range(len(visits))))

    async def score(self, tokens: Sequence[int]) -> Mapping[str, Any]:
        """The prompt's own `logprobs`, in OpenAI's shape."""
        body = {"prompt": list(tokens), "echo": True, "logprobs": 1, "max_tokens": 0}
        async with self._http.post(self._process.completions, json=body) as response:
            response.raise_for_status()
            logprobs: Mapping[str, Any] = (await response.json())["choices"][0]["logprobs"]
            return logprobs

    async def peak_memory(self) -> int | None:
        return read_memory(self._process.pid, "VmHWM")

    async def aclose(self) -> None:
        await self._http.close()
        await self._process.stop()

    async def _write(self, prompt: Sequence[int], new_tokens: int, seed: int) -> int:
        """Tokens written: fewer than asked for when the text ends."""
        async for choice in self._stream({**_body(prompt, new_tokens, seed), **self._fields}):
            if choice["finish_reason"] is not None:
                return int(choice["completion_tokens"])
        raise RuntimeError("The engine's answer has no end.")

    async def _stream(self, body: Mapping[str, Any]) -> AsyncIterator[Mapping[str, Any]]:
        async with self._http.post(self._process.completions, json=body) as response:
            response.raise_for_status()
            async for line in response.content:
                if line.startswith(b"data: {"):
                    yield json.loads(line[6:])["choices"][0]


def read_memory(pid: int, field: str) -> int | None:
    """Bytes, from what Linux tells of a process: VmRSS is resident now, VmHWM was at most."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{field}:")), None)


def _body(prompt: Sequence[int], new_tokens: int, seed: int) -> Mapping[str, Any]:
    return {"prompt": list(prompt), "max_tokens": new_tokens, "seed": seed, "stream": True, **_SAMPLING}
