"""transformers in fp32, in the project's own environment: `python -m benchmarks.peers.transformers_worker FOLDER`.

Also what is bare: one forward pass, the loop of 2019, and the fp32 scores that quality is measured against.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import torch
import transformers
from transformers import AutoModelForCausalLM
from transformers.generation.streamers import BaseStreamer

from benchmarks.peers.worker import (
    TEMPERATURE,
    TOP_K,
    TOP_P,
    Answer,
    Client,
    Command,
    OnToken,
    Tokens,
    arrive_in_waves,
    met,
    run,
    timed,
)


class _RowStreamer(BaseStreamer):
    """Hears of the prompt first, then of one token for each row."""

    def __init__(self, on_token: OnToken) -> None:
        self._on_token = on_token
        self._prompt_heard = False

    def put(self, value: torch.Tensor) -> None:
        if self._prompt_heard:
            for row in range(value.numel()):
                self._on_token(row)
        self._prompt_heard = True

    def end(self) -> None:
        pass


class TransformersPeer:
    def __init__(self, folder: str) -> None:
        transformers.logging.set_verbosity_error()
        self._model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, local_files_only=True).eval()

    def versions(self) -> Mapping[str, str]:
        return {"transformers": transformers.__version__, "torch": torch.__version__}

    def commands(self) -> Mapping[str, Command]:
        return {
            "generate": timed(self.generate),
            "arrive": met(self.arrive),
            "forward": self._forward,
            "loop_of_2019": self._loop_of_2019,
            "score": self._score,
        }

    def generate(self, prompts: Sequence[Tokens], new_tokens: int, seed: int) -> int:
        written = self._write(prompts, new_tokens, seed)
        return (written.shape[1] - len(prompts[0])) * len(prompts)

    def arrive(self, clients: Sequence[Client], new_tokens: int) -> list[list[float]]:
        return arrive_in_waves(self._write_streamed, clients, new_tokens)

    def _write_streamed(self, prompts: Sequence[Tokens], new_tokens: int, seed: int, on_token: OnToken) -> None:
        self._write(prompts, new_tokens, seed, streamer=_RowStreamer(on_token))

    @torch.inference_mode()
    def _write(self, prompts: Sequence[Tokens], new_tokens: int, seed: int, **more: Any) -> torch.Tensor:
        """All prompts have the same length, so nothing is padded."""
        torch.manual_seed(seed)
        ids = torch.tensor(prompts)
        return self._model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            do_sample=True,
            temperature=TEMPERATURE,
            top_k=TOP_K,
            top_p=TOP_P,
            min_new_tokens=new_tokens,
            max_new_tokens=new_tokens,
            pad_token_id=0,
            **more,
        )

    @torch.inference_mode()
    def _forward(self, prompt: Tokens) -> Answer:
        started = time.perf_counter()
        self._model(torch.tensor([prompt]), use_cache=False)
        return {"seconds": time.perf_counter() - started}

    @torch.inference_mode()
    def _loop_of_2019(self, prompt: Tokens, new_tokens: int) -> Answer:
        """The whole text through the model for every token, as pytorch-transformers' example did it."""
        started = time.perf_counter()
        ids = torch.tensor([prompt])
        for _ in range(new_tokens):
            logits = self._model(ids, use_cache=False).logits[0, -1] / TEMPERATURE
            kept, places = logits.topk(TOP_K)
            shares = kept.softmax(-1)
            shares[shares.cumsum(-1) - shares > TOP_P] = 0
            ids = torch.cat((ids, places[torch.multinomial(shares, 1)][None]), dim=1)
        return {"seconds": time.perf_counter() - started, "tokens": new_tokens}

    @torch.inference_mode()
    def _score(self, tokens: Tokens) -> Answer:
        """The log-probability of each token but the first."""
        ids = torch.tensor([tokens])
        logprobs = self._model(ids, use_cache=False).logits[0, :-1].log_softmax(-1)
        return {"logprobs": logprobs.gather(1, ids[0, 1:, None]).flatten().tolist()}


if __name__ == "__main__":
    run(TransformersPeer)
