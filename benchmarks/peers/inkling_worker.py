"""This engine as its peers are asked, inside a process: `python -m benchmarks.peers.inkling_worker MODEL`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from importlib import metadata

from benchmarks.engine_server import ENGINE_CACHE, MOST_ROWS
from benchmarks.peers.worker import TEMPERATURE, TOP_K, TOP_P, Answer, Client, Command, Tokens, run, timed
from config.sampling import SamplingOptions
from generation.engine_builder import EngineSetup, build_engine
from generation.fast_runner import FastRunnerBuilder
from generation.load_progress import LoadProgress
from generation.model_source import find_source
from generation.types import EngineLimits, GenerationRequest, SampleEnded, TextGenerated


class InklingPeer:
    def __init__(self, model: str) -> None:
        setup = EngineSetup(EngineLimits(max_running=MOST_ROWS))
        fast = FastRunnerBuilder(ENGINE_CACHE)
        self._engine = build_engine(find_source(model), ENGINE_CACHE, setup, LoadProgress(), fast)
        self._loop = asyncio.new_event_loop()

    def versions(self) -> Mapping[str, str]:
        return {name: metadata.version(name) for name in ("torch", "transformers")}

    def commands(self) -> Mapping[str, Command]:
        return {"generate": timed(self.generate), "arrive": self.arrive}

    def generate(self, prompts: Sequence[Tokens], new_tokens: int, seed: int) -> int:
        async def write_all() -> int:
            writing = (self._write(prompt, new_tokens, seed + row, []) for row, prompt in enumerate(prompts))
            return sum(await asyncio.gather(*writing))

        return self._loop.run_until_complete(write_all())

    def arrive(self, clients: Sequence[Mapping[str, object]], new_tokens: int) -> Answer:
        """Beside the times the tokens, which come several at a time."""
        times: list[list[float]] = [[] for _ in clients]

        async def visit(row: int, client: Client) -> int:
            await asyncio.sleep(client.at)
            return await self._write(client.prompt, new_tokens, row, times[row])

        async def visit_all() -> list[int]:
            return await asyncio.gather(*(visit(row, Client(**each)) for row, each in enumerate(clients)))

        started = time.perf_counter()
        tokens = self._loop.run_until_complete(visit_all())
        return {"times": [[each - started for each in row] for row in times], "tokens": tokens}

    async def _write(self, prompt: Tokens, new_tokens: int, seed: int, heard: list[float]) -> int:
        """Tokens written: fewer than asked for when the text ends."""
        options = SamplingOptions(temperature=TEMPERATURE, top_k=TOP_K, top_p=TOP_P, length=new_tokens, seed=seed)
        async for event in self._engine.generate(GenerationRequest(str(seed), tuple(prompt), options)):
            if isinstance(event, TextGenerated):
                heard.append(time.perf_counter())
            elif isinstance(event, SampleEnded):
                return event.completion_tokens
        raise RuntimeError("The engine's answer has no end.")


if __name__ == "__main__":
    run(InklingPeer)
