"""What the engine's own Python costs: microseconds per row and step, with a runner and a sampler that take no time.

`python -m benchmarks.loop_overhead [MODEL]`: 32 rows of 8 requests; only the model's tokenizer is used. A step is the
loop's, hand-over included.
"""

from __future__ import annotations

import asyncio
import platform
import statistics
import sys
import time
from collections.abc import Sequence

import torch
from rich.console import Console

from config.sampling import SamplingOptions
from config.settings import load_settings
from generation.detokenizer import Detokenizer
from generation.engine_loop import EngineLoop
from generation.load_display import shown_progress
from generation.model_cache import ModelCache
from generation.model_source import find_source
from generation.models import load_model
from generation.penalties import SamplingRow
from generation.request_stream import RequestStream
from generation.runner import PromptPass
from generation.sampler import TorchSampler
from generation.scheduler import Scheduler
from generation.sequence import PromptGroup
from generation.types import GenerationRequest, LoadedModel

ROWS, SAMPLES, STEPS = 32, 4, 300
PROMPT = (1, 2, 3)


class InstantSampler(TorchSampler):
    def sample_tokens(self, logits: torch.Tensor, rows: Sequence[SamplingRow]) -> list[int]:
        """Tokens of all kinds, as a text has them."""
        return [1000 + len(row.completion_ids) % 1000 for row in rows]


class InstantRunner:
    """Always the same logits; keeps nothing."""

    path = "none"
    chunk = 256
    prompts_at_once = 1
    cache_bytes = 0
    sampler = InstantSampler()

    def __init__(self, vocabulary: int) -> None:
        self.vocabulary = vocabulary
        self._logits = torch.zeros(ROWS, vocabulary)

    def room_for(self, positions: int, prompt: PromptPass | None = None) -> bool:
        return True

    def open(self, token_ids: Sequence[int], positions: int = 0, *, remembered: bool = True) -> PromptPass:
        return PromptPass(tuple(token_ids), None)

    def prefill(self, prompts: Sequence[PromptPass]) -> torch.Tensor:
        return torch.cat([self.score(prompt) for prompt in prompts])

    def score(self, prompt: PromptPass) -> torch.Tensor:
        prompt.position = len(prompt.token_ids)
        return self._logits[:1]

    def adopt(self, row: int, prompt: PromptPass, positions: int) -> None: ...

    def close(self, prompt: PromptPass) -> None: ...

    def decode(self, token_ids: Sequence[int], positions: Sequence[int]) -> torch.Tensor:
        return self._logits[: len(token_ids)]

    def release(self, row: int, *, broken: bool = False) -> None: ...

    def move(self, source: int, target: int, length: int) -> None: ...

    def wipe(self) -> None: ...


async def measure(model: LoadedModel) -> list[float]:
    """Seconds of each step."""
    runner = InstantRunner(model.config.vocab_size)
    loop = EngineLoop(runner, Scheduler(ROWS), model.eos_token_ids)
    detokenizer = Detokenizer(model.tokenizer)
    options = SamplingOptions(seed=1, length=STEPS + 10, samples=SAMPLES)
    for number in range(ROWS // SAMPLES):
        request = GenerationRequest(str(number), PROMPT, options)
        stream = RequestStream(asyncio.get_running_loop())
        loop.scheduler.add(PromptGroup(request, PROMPT, stream, detokenizer))
    while loop.scheduler.running_count < ROWS:
        loop.step()
    return [time_step(loop) for _ in range(STEPS)]


def time_step(loop: EngineLoop) -> float:
    started = time.perf_counter()
    loop.step()
    loop.hand_over()
    return time.perf_counter() - started


def main(arguments: Sequence[str]) -> None:
    source = find_source(arguments[0] if arguments else "smollm2-135m")
    with shown_progress() as progress:
        model = load_model(source, ModelCache(load_settings().cache_dir), progress).model
    cost = [seconds / ROWS * 1e6 for seconds in asyncio.run(measure(model))]
    ninth = statistics.quantiles(cost, n=10)[-1]
    Console().print(
        f"{statistics.median(cost):.1f} µs per row and step ({ninth:.1f} in the slowest tenth), "
        f"{ROWS} rows, {source.name}, {platform.machine()}, Python {platform.python_version()}"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
