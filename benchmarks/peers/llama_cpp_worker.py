"""llama.cpp in its own environment: `python -m benchmarks.peers.llama_cpp_worker FILE.gguf`.

Through its own batch interface: one `llama_decode` for all rows, then its own sampler for each row, as its server does.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import llama_cpp as native

from benchmarks.peers.worker import (
    TEMPERATURE,
    THREADS,
    TOP_K,
    TOP_P,
    Client,
    Command,
    Tokens,
    arrive_stepwise,
    met,
    run,
    timed,
)

_ALONE = 640
_TOGETHER = 192
_ARRIVING = 320
"""Positions a row may take, prompt and text: alone, in a batch, and in the crowd."""


@dataclass(slots=True)
class Row:
    pending: list[int]
    """Tokens that have not been through the model."""
    sampler: Any
    position: int = 0
    written: int = 0


@dataclass(slots=True)
class Batch:
    context: Any
    rows: dict[int, Row] = field(default_factory=dict)

    def clear(self) -> None:
        native.llama_memory_clear(native.llama_get_memory(self.context), True)
        for row in self.rows.values():
            native.llama_sampler_free(row.sampler)
        self.rows.clear()

    def add(self, place: int, prompt: Tokens, seed: int) -> None:
        self.rows[place] = Row(list(prompt), _sampler(seed))

    def step(self, running: Sequence[int]) -> None:
        """Everything pending goes through the model; each row gets one token more."""
        entries = [
            (token, row.position + offset, place, offset == len(row.pending) - 1)
            for place, row in ((place, self.rows[place]) for place in running)
            for offset, token in enumerate(row.pending)
        ]
        if native.llama_decode(self.context, _native_batch(entries)) != 0:
            raise RuntimeError("llama_decode failed")
        ends = [index for index, entry in enumerate(entries) if entry[3]]
        for place, index in zip(running, ends, strict=True):
            row = self.rows[place]
            row.position += len(row.pending)
            row.pending = [native.llama_sampler_sample(row.sampler, self.context, index)]
            row.written += 1


class LlamaCppPeer:
    def __init__(self, file: str) -> None:
        native.llama_backend_init()
        self._model = native.llama_model_load_from_file(file.encode(), native.llama_model_default_params())
        if not self._model:
            raise RuntimeError(f"llama.cpp can't load {file}")
        self._context = cache(self._make_context)
        self._arriving: Batch | None = None
        self._new_tokens = 0

    def versions(self) -> Mapping[str, str]:
        return {"llama-cpp-python": native.__version__, "llama.cpp": native.llama_print_system_info().decode().strip()}

    def commands(self) -> Mapping[str, Command]:
        return {"generate": timed(self.generate), "arrive": met(self.arrive)}

    def generate(self, prompts: Sequence[Tokens], new_tokens: int, seed: int) -> int:
        batch = Batch(self._context(len(prompts), _TOGETHER if len(prompts) > 1 else _ALONE))
        for place, prompt in enumerate(prompts):
            batch.add(place, prompt, seed + place)
        for _ in range(new_tokens):
            batch.step(range(len(prompts)))
        batch.clear()
        return len(prompts) * new_tokens

    def arrive(self, clients: Sequence[Client], new_tokens: int) -> list[list[float]]:
        self._arriving = Batch(self._context(len(clients), _ARRIVING))
        times = arrive_stepwise(self, clients, new_tokens)
        self._arriving.clear()
        return times

    def add(self, row: int, prompt: Tokens, new_tokens: int) -> None:
        assert self._arriving is not None
        self._new_tokens = new_tokens
        self._arriving.add(row, prompt, row)

    def step(self) -> Sequence[int]:
        assert self._arriving is not None
        running = [place for place, row in self._arriving.rows.items() if row.written < self._new_tokens]
        self._arriving.step(running)
        return running

    def _make_context(self, rows: int, positions: int) -> Any:
        params = native.llama_context_default_params()
        params.n_seq_max = rows
        params.n_ctx = rows * positions
        params.n_batch = max(_ALONE, params.n_ctx)
        params.n_threads = params.n_threads_batch = THREADS
        params.no_perf = True
        return native.llama_init_from_model(self._model, params)


def _native_batch(entries: Sequence[tuple[int, int, int, bool]]) -> Any:
    """(token, position, row, whether its logits are wanted) as the library's structure of arrays."""
    size = len(entries)
    tokens, positions, rows, wanted = zip(*entries, strict=True)
    ids = [ctypes.pointer(native.llama_seq_id(row)) for row in rows]
    return native.llama_batch(
        n_tokens=size,
        token=(native.llama_token * size)(*tokens),
        pos=(native.llama_pos * size)(*positions),
        n_seq_id=(ctypes.c_int32 * size)(*[1] * size),
        seq_id=(ctypes.POINTER(native.llama_seq_id) * size)(*ids),
        logits=(ctypes.c_int8 * size)(*map(int, wanted)),
    )


def _sampler(seed: int) -> Any:
    chain = native.llama_sampler_chain_init(native.llama_sampler_chain_default_params())
    for part in (
        native.llama_sampler_init_top_k(TOP_K),
        native.llama_sampler_init_top_p(TOP_P, 1),
        native.llama_sampler_init_temp(TEMPERATURE),
        native.llama_sampler_init_dist(seed),
    ):
        native.llama_sampler_chain_add(chain, part)
    return chain


if __name__ == "__main__":
    run(LlamaCppPeer)
