"""What it costs to ask how likely the tokens are: throughput with `logprobs`, `echo` and `next_tokens`, and without.

`python -m benchmarks.asking_why [RUNS]`: one engine with the model that comes with Inkling, asked in turns over HTTP,
every sequence asking. Shares are medians over the turns; what is plain comes twice, and how far the second is from 1 is
what this machine can't tell from nothing.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from backends.completions_api.explaining import ALTERNATIVES, CANDIDATES
from benchmarks.checkpoints import find_checkpoint
from benchmarks.engine_server import EngineServer, EngineVariant
from benchmarks.figures import Row
from benchmarks.folders import ENGLISH
from benchmarks.measurements import Panel, Prompts, Tell, measure_throughput
from generation.catalogue import DEFAULT_MODEL

RUNS = 9
PLAIN = "plain"
_NUMBERS = {"logprobs": ALTERNATIVES, "next_tokens": CANDIDATES}
ASKING: Mapping[str, Mapping[str, Any]] = {
    "plain again": {},
    "logprobs 5": {"logprobs": 5},
    f"logprobs {ALTERNATIVES} and next_tokens {CANDIDATES}": _NUMBERS,
    "the prompt's too": {**_NUMBERS, "echo": True},
}


async def measure(runs: int, tell: Tell) -> list[Row]:
    checkpoint = find_checkpoint(DEFAULT_MODEL)
    engine = await EngineServer.start(EngineVariant(PLAIN), checkpoint.engine_model)
    try:
        asking = [engine.asking(title, fields) for title, fields in ASKING.items()]
        return await measure_throughput(Panel([engine, *asking], {}, tell), Prompts(checkpoint.encode(ENGLISH)), runs)
    finally:
        await engine.aclose()


def share(row: Row, title: str) -> float:
    """Of the plain throughput in the same turn, so that what slows a machine for a while slows both."""
    turns = zip(row.runs[title], row.runs[PLAIN], strict=True)
    return statistics.median(asked / plain for asked, plain in turns)


def main(arguments: Sequence[str]) -> None:
    console = Console(highlight=False)
    with console.status("") as status:
        rows = asyncio.run(measure(int(arguments[0]) if arguments else RUNS, status.update))
    for row in rows:
        shares = ", ".join(f"{title} {share(row, title):.3f}×" for title in ASKING)
        console.print(f"{row.question}: plain {row.median(PLAIN):,.0f} {row.unit}, {shares}", soft_wrap=True)


if __name__ == "__main__":
    main(sys.argv[1:])
