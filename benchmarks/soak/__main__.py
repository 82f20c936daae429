"""Half an hour of `inkling serve` under everything users do: `python -m benchmarks.soak --minutes 30`.

Clients arrive at random, with all lengths; some hang up midway and some send nonsense. Meanwhile a set of reference
requests with fixed seeds is asked again and again. It holds when memory stays flat, nobody starves, every reference
text is the one it was when it was asked alone, and every bad request is refused. Exit code 1 when something doesn't.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence

from rich.console import Console

from benchmarks.serving_process import DidNotStart, ServingProcess
from benchmarks.soak.client import SoakClient, reference_requests
from benchmarks.soak.crowd import Crowd
from benchmarks.soak.verdict import Findings, MemorySample, print_verdict

SAMPLE_EVERY_S = 5.0


async def soak(minutes: float, flags: Sequence[str], console: Console) -> Findings:
    findings = Findings()
    server = await _start(flags)
    try:
        async with SoakClient(server.completions) as client:
            console.print(f"Asking {len(reference_requests())} reference requests alone …")
            references = [(request, await client.write(request)) for request in reference_requests()]
            crowd = Crowd(client, references, findings)
            await _run(crowd, server.pid, minutes * 60, console)
            console.print("Asking the reference requests alone again …")
            for request, before in references:
                findings.compare(request, before.text, (await client.write(request)).text, "alone again")
    finally:
        await server.stop()
    return findings


async def _start(flags: Sequence[str]) -> ServingProcess:
    try:
        return await ServingProcess.start((sys.executable, "-m", "bots", "serve", "--port", "0", *flags))
    except DidNotStart as why:
        raise SystemExit(f"inkling serve did not start: {why}") from why


async def _run(crowd: Crowd, pid: int, seconds: float, console: Console) -> None:
    """The crowd, with a look at the memory every few seconds."""
    started = time.monotonic()
    arriving = asyncio.create_task(crowd.arrive(seconds))
    with console.status("") as status:
        while not arriving.done():
            elapsed = time.monotonic() - started
            crowd.findings.memory.append(MemorySample.take(elapsed, pid))
            status.update(f"{elapsed / 60:.1f} of {seconds / 60:g} min · {crowd.findings.summary()}")
            await asyncio.wait({arriving}, timeout=SAMPLE_EVERY_S)
    await arriving


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__.split("\n\n")[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("flags", nargs="*", help="more flags for `inkling serve`, after --")
    given = parser.parse_args(arguments)
    console = Console()
    findings = asyncio.run(soak(given.minutes, given.flags, console))
    return 0 if print_verdict(console, findings) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
