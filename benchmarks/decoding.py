"""This engine beside transformers' `generate`: tokens per second for 1, 4 and 16 sequences, in one run.

`python -m benchmarks.decoding [MODEL]`, by default the model that comes with Inkling. Both hold the same weights in
fp32, take the same prompt and draw the same number of tokens; runs alternate and the median is shown.
"""

from __future__ import annotations

import asyncio
import platform
import statistics
import sys
import time
from collections.abc import Sequence

import torch
import transformers
from rich.console import Console
from rich.table import Table
from transformers import PreTrainedModel

from config.sampling import SamplingOptions
from config.settings import load_settings
from generation.engine import BatchingEngine
from generation.load_display import shown_progress
from generation.model_cache import ModelCache
from generation.model_source import find_source
from generation.models import StoredModel, load_model
from generation.torch_runner import TorchRunner
from generation.types import EngineLimits, GenerationRequest, LoadedModel, SampleEnded

PROMPT = "Once upon a time there was a lighthouse keeper who collected"
NEW_TOKENS = 64
BATCHES = (1, 4, 16)
RUNS = 3
LIMITS = EngineLimits(max_running=max(BATCHES), cache_bytes=2**30)


async def run_engine(engine: BatchingEngine, samples: int) -> int:
    """Tokens written."""
    options = SamplingOptions(length=NEW_TOKENS, samples=samples, seed=7)
    prompt = tuple(engine.model.tokenizer(PROMPT)["input_ids"])
    events = [event async for event in engine.generate(GenerationRequest("benchmark", prompt, options))]
    return sum(event.completion_tokens for event in events if isinstance(event, SampleEnded))


def run_transformers(loaded: LoadedModel, network: PreTrainedModel, samples: int) -> int:
    """Tokens written."""
    options = SamplingOptions()
    inputs = loaded.tokenizer(PROMPT, return_tensors="pt")
    with torch.inference_mode():
        written = network.generate(
            **inputs,
            do_sample=True,
            temperature=options.temperature,
            top_k=options.top_k,
            top_p=options.top_p,
            min_new_tokens=NEW_TOKENS,
            max_new_tokens=NEW_TOKENS,
            num_return_sequences=samples,
            pad_token_id=min(loaded.eos_token_ids),
        )
    return int((written.shape[1] - inputs["input_ids"].shape[1]) * samples)


async def compare(stored: StoredModel, runner: TorchRunner, peer: PreTrainedModel, samples: int) -> tuple[float, float]:
    """Median tokens per second of the engine and of transformers."""
    engine = BatchingEngine(stored.model, runner, LIMITS)
    ours, theirs = [], []
    for _ in range(RUNS + 1):
        started = time.perf_counter()
        ours.append(await run_engine(engine, samples) / (time.perf_counter() - started))
        started = time.perf_counter()
        theirs.append(run_transformers(stored.model, peer, samples) / (time.perf_counter() - started))
    await engine.aclose()
    return statistics.median(ours[1:]), statistics.median(theirs[1:])


def main(arguments: Sequence[str]) -> None:
    name = arguments[0] if arguments else "smollm2-135m"
    cache = ModelCache(load_settings().cache_dir)
    with shown_progress() as progress:
        stored = load_model(find_source(name), cache, progress)
        runner = TorchRunner(stored.read_network(), stored.model.max_model_len, LIMITS)
        peer = stored.read_network()
    columns = ("sequences", "engine tok/s", "transformers tok/s", "ratio")
    table = Table(*columns, title=f"{name}, fp32, {NEW_TOKENS} tokens")
    for samples in BATCHES:
        ours, theirs = asyncio.run(compare(stored, runner, peer, samples))
        table.add_row(str(samples), f"{ours:.0f}", f"{theirs:.0f}", f"{ours / theirs:.2f}")
    table.caption = (
        f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}, "
        f"transformers {transformers.__version__}, median of {RUNS}"
    )
    Console().print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
