"""OpenVINO GenAI with int8 weights, in its own environment: `python -m benchmarks.peers.openvino_worker FOLDER`.

Its continuous batching for many; started with BENCH_OPENVINO=alone, its `LLMPipeline` with stateful attention instead,
which writes a single sequence about twice as fast.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import openvino
import openvino_genai

from benchmarks.peers.worker import TEMPERATURE, TOP_K, TOP_P, Client, Command, Tokens, arrive_stepwise, met, run, timed

_CACHE_GB = 1
_PROMPT_TOKENS_A_STEP = 512


class AlonePeer:
    """One sequence at a time."""

    def __init__(self, folder: str) -> None:
        self._pipeline = openvino_genai.LLMPipeline(folder, "CPU", ATTENTION_BACKEND="SDPA")

    def versions(self) -> Mapping[str, str]:
        return _versions()

    def commands(self) -> Mapping[str, Command]:
        return {"generate": timed(self.generate)}

    def generate(self, prompts: Sequence[Tokens], new_tokens: int, seed: int) -> int:
        return sum(
            len(self._pipeline.generate(_tensor(prompt), _config(new_tokens, seed)).tokens[0]) for prompt in prompts
        )


class OpenVinoPeer:
    def __init__(self, folder: str) -> None:
        scheduler = openvino_genai.SchedulerConfig()
        scheduler.cache_size = _CACHE_GB
        scheduler.max_num_batched_tokens = _PROMPT_TOKENS_A_STEP
        scheduler.enable_prefix_caching = True
        self._pipeline = openvino_genai.ContinuousBatchingPipeline(
            folder, scheduler_config=scheduler, device="CPU", properties={"PERFORMANCE_HINT": "LATENCY"}
        )
        self._requests = 0
        self._handles: dict[int, Any] = {}

    def versions(self) -> Mapping[str, str]:
        return _versions()

    def commands(self) -> Mapping[str, Command]:
        return {"generate": timed(self.generate), "arrive": met(self.arrive)}

    def generate(self, prompts: Sequence[Tokens], new_tokens: int, seed: int) -> int:
        inputs = [_tensor(prompt) for prompt in prompts]
        configs = [_config(new_tokens, seed + row) for row in range(len(prompts))]
        results = self._pipeline.generate(inputs, configs)
        return sum(len(result.m_generation_ids[0]) for result in results)

    def arrive(self, clients: Sequence[Client], new_tokens: int) -> list[list[float]]:
        times = arrive_stepwise(self, clients, new_tokens)
        self._handles.clear()
        return times

    def add(self, row: int, prompt: Tokens, new_tokens: int) -> None:
        self._requests += 1
        config = _config(new_tokens, self._requests)
        self._handles[row] = self._pipeline.add_request(self._requests, _tensor(prompt), config)

    def step(self) -> Sequence[int]:
        self._pipeline.step()
        return [row for row, handle in self._handles.items() for _ in range(_count_new(handle))]


def _versions() -> Mapping[str, str]:
    return {"openvino": openvino.__version__, "openvino-genai": openvino_genai.__version__}


def _count_new(handle: Any) -> int:
    if not handle.can_read():
        return 0
    return sum(len(output.generated_ids) for output in handle.read().values())


def _tensor(prompt: Tokens) -> Any:
    return openvino.Tensor(np.array([prompt], dtype=np.int64))


def _config(new_tokens: int, seed: int) -> Any:
    config = openvino_genai.GenerationConfig()
    config.max_new_tokens = new_tokens
    config.min_new_tokens = new_tokens
    config.ignore_eos = True
    config.do_sample = True
    config.temperature, config.top_k, config.top_p = TEMPERATURE, TOP_K, TOP_P
    config.rng_seed = seed
    return config


if __name__ == "__main__":
    run(AlonePeer if os.environ.get("BENCH_OPENVINO") == "alone" else OpenVinoPeer)
