"""CTranslate2 with int8 weights, in its own environment: `python -m benchmarks.peers.ctranslate2_worker FOLDER`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import ctranslate2

from benchmarks.peers.worker import (
    TEMPERATURE,
    THREADS,
    TOP_K,
    TOP_P,
    Client,
    Command,
    OnToken,
    Tokens,
    arrive_in_waves,
    met,
    run,
    timed,
)


class CTranslate2Peer:
    def __init__(self, folder: str) -> None:
        self._model = ctranslate2.Generator(
            folder, device="cpu", compute_type="int8", inter_threads=1, intra_threads=THREADS
        )
        self._words = json.loads((Path(folder) / "vocabulary.json").read_text(encoding="utf-8"))

    def versions(self) -> Mapping[str, str]:
        return {"ctranslate2": ctranslate2.__version__}

    def commands(self) -> Mapping[str, Command]:
        return {"generate": timed(self.generate), "arrive": met(self.arrive)}

    def generate(self, prompts: Sequence[Tokens], new_tokens: int, seed: int) -> int:
        results = self._write(prompts, new_tokens, seed)
        return sum(len(result.sequences_ids[0]) for result in results)

    def arrive(self, clients: Sequence[Client], new_tokens: int) -> list[list[float]]:
        return arrive_in_waves(self._write_streamed, clients, new_tokens)

    def _write_streamed(self, prompts: Sequence[Tokens], new_tokens: int, seed: int, on_token: OnToken) -> None:
        self._write(prompts, new_tokens, seed, callback=lambda result: on_token(result.batch_id))

    def _write(self, prompts: Sequence[Tokens], new_tokens: int, seed: int, **more: Any) -> Any:
        """`min_length` keeps a text from ending early; the prompt goes through the model in one pass."""
        ctranslate2.set_random_seed(seed)
        return self._model.generate_batch(
            [[self._words[token] for token in prompt] for prompt in prompts],
            max_batch_size=0,
            beam_size=1,
            min_length=new_tokens,
            max_length=new_tokens,
            include_prompt_in_result=False,
            sampling_temperature=TEMPERATURE,
            sampling_topk=TOP_K,
            sampling_topp=TOP_P,
            **more,
        )


if __name__ == "__main__":
    run(CTranslate2Peer)
