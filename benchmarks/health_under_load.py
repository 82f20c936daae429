"""How soon the bot answers while its engine is saturated, /healthz with 16 requests being written, and its memory.

`python -m benchmarks.health_under_load`. Starts `inkling run` with the model that comes with Inkling, in folders of its
own, and ends it again.
"""

from __future__ import annotations

import asyncio
import os
import re
import statistics
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from itertools import count

import aiohttp

from benchmarks.engine_server import read_memory

REQUESTS = 16
PROBES = 200
SETTINGS = {
    "INKLING_WEB__PORT": "0",
    "INKLING_LOG__JSON_LINES": "false",
    "INKLING_LIMITS__MAX_RUNNING": str(REQUESTS),
    "INKLING_LIMITS__MAX_IN_FLIGHT": str(REQUESTS),
}
ADDRESS = re.compile(r"http://[\w.:]+")


async def start_bot(data_dir: str) -> Process:
    environment = {**os.environ, **SETTINGS, "INKLING_DATA_DIR": data_dir}
    return await asyncio.create_subprocess_exec(sys.executable, "-m", "bots", "run", stderr=PIPE, env=environment)


async def find_address(bot: Process) -> str:
    assert bot.stderr is not None
    async for line in bot.stderr:
        if found := ADDRESS.search(line.decode()):
            return found[0]
    raise RuntimeError("The bot ended before it named its address.")


async def write(http: aiohttp.ClientSession, seed: int, length: int = 400) -> None:
    body = {"prompt": "Once upon a time", "length": length, "seed": seed}
    async with http.post("/generate", json=body) as response:
        await response.read()
        response.raise_for_status()


async def write_on(http: aiohttp.ClientSession, seed: int) -> None:
    """One text after the other, until cancelled."""
    for again in count(seed, REQUESTS):
        await write(http, again)


async def probe(http: aiohttp.ClientSession) -> tuple[float, int]:
    """Seconds one /healthz took, and how many requests it says are running."""
    started = time.perf_counter()
    async with http.get("/healthz") as response:
        return time.perf_counter() - started, int((await response.json())["running"])


async def measure(address: str) -> list[tuple[float, int]]:
    async with aiohttp.ClientSession(address) as http:
        await write(http, seed=0, length=1)
        writers = [asyncio.create_task(write_on(http, seed)) for seed in range(REQUESTS)]
        while (await probe(http))[1] < REQUESTS:
            await asyncio.wait(writers, timeout=0.05)
        probes = []
        for _ in range(PROBES):
            probes.append(await probe(http))
            await asyncio.wait(writers, timeout=0.02)
        for writer in writers:
            writer.cancel()
        await asyncio.gather(*writers, return_exceptions=True)
        return probes


async def main() -> None:
    with tempfile.TemporaryDirectory() as data_dir:
        bot = await start_bot(data_dir)
        try:
            probes = await measure(await find_address(bot))
            peak = read_memory(bot.pid, "VmHWM")
        finally:
            bot.terminate()
            await bot.communicate()
    times = sorted(seconds * 1000 for seconds, running in probes if running == REQUESTS)
    print(
        f"/healthz with {REQUESTS} requests running, {len(times)} probes: median {statistics.median(times):.1f} ms, "
        f"95th of 100 {times[int(len(times) * 0.95)]:.1f} ms, slowest {times[-1]:.1f} ms"
    )
    if peak is not None:
        print(f"the bot's own process, without the engine's: {peak / 2**20:.0f} MiB resident at most")


if __name__ == "__main__":
    asyncio.run(main())
