"""From the command to the first token: the engine, with an empty cache folder and then the same again, and a script."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.checkpoints import Checkpoint
from benchmarks.engine_server import EngineServer, EngineVariant
from benchmarks.figures import Row
from benchmarks.folders import REPOSITORY
from benchmarks.measurements import BARE, PROMPT_TOKENS, Prompts, Tell


async def measure_startup(
    variant: EngineVariant, checkpoint: Checkpoint, prompts: Prompts, runs: int, tell: Tell
) -> list[Row]:
    """Starts alternate. The system's own file cache is warm in all of them."""
    cold, warm, bare, peaks = [], [], [], []
    for run in range(1, runs + 1):
        with tempfile.TemporaryDirectory() as folder:
            tell(f"start-up: empty cache, run {run} of {runs}")
            seconds, peak = await _start_engine(variant, checkpoint, prompts, Path(folder))
            cold.append(seconds)
            peaks += [] if peak is None else [peak / 2**20]
            tell(f"start-up: warm cache, run {run} of {runs}")
            warm.append((await _start_engine(variant, checkpoint, prompts, Path(folder)))[0])
        tell(f"start-up: bare script, run {run} of {runs}")
        bare.append(await _start_bare(checkpoint))
    return [
        Row("start to first token, empty cache", "s", "lower", {variant.title: cold, BARE: bare}),
        Row("start to first token, warm cache", "s", "lower", {variant.title: warm, BARE: bare}),
        Row("peak memory of a start with an empty cache, resident", "MiB", "lower", {variant.title: peaks}),
    ]


async def _start_engine(
    variant: EngineVariant, checkpoint: Checkpoint, prompts: Prompts, cache: Path
) -> tuple[float, int | None]:
    """Seconds, and bytes resident at most."""
    started = time.perf_counter()
    engine = await EngineServer.start(variant, checkpoint.engine_model, cache)
    await engine.first_token(prompts.take(PROMPT_TOKENS), 1)
    seconds = time.perf_counter() - started
    peak = await engine.peak_memory()
    await engine.aclose()
    return seconds, peak


async def _start_bare(checkpoint: Checkpoint) -> float:
    command = (sys.executable, "-m", "benchmarks.bare_start", str(checkpoint.folder))
    started = time.perf_counter()
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, cwd=REPOSITORY, stdout=quiet, stderr=quiet)
    if await process.wait() != 0:
        raise RuntimeError("The bare script failed.")
    return time.perf_counter() - started
