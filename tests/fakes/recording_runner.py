"""A runner without a model, which writes down and checks how it is used."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch

from generation.penalties import SamplingRow
from generation.runner import PromptPass
from generation.sampler import BROKEN, Sampler, TorchSampler

Call = Literal["open", "prefill", "score", "adopt", "decode"]


class RecordingRunner:
    """Logits are a function of the newest token and its position: a text depends on its prompt alone.

    `failures` says which calls fail next: with an error, or for "numbers" the next step's first row is no number.
    `gate`, when closed, holds steps up, so that a test knows what runs.
    """

    def __init__(
        self,
        path: str = "fake fp32",
        vocabulary: int = 257,
        room: int = 10**9,
        chunk: int = 16,
        written: int = 0,
        scoring_reads: bool = False,
    ) -> None:
        """`room` is how many positions fit; `written` shifts what it writes."""
        self.path = path
        self.sampler: Sampler = TorchSampler()
        self.vocabulary = vocabulary
        self.chunk = chunk
        self.prompts_at_once = chunk
        self.scored_at_once = chunk // 2 if scoring_reads else chunk
        self.scoring_reads = scoring_reads
        self.failures: deque[Call | Literal["numbers"]] = deque()
        self.gate = threading.Event()
        self.gate.set()
        self.stepping = threading.Event()
        self.counts: Counter[str] = Counter()
        self.opened: list[tuple[int, ...]] = []
        self.longest_prefill = 0
        self._written = written
        self._room = room
        self._open: dict[int, PromptPass] = {}
        self._rows: dict[int, int] = {}

    @property
    def cache_bytes(self) -> int:
        return sum(self._rows.values())

    @property
    def empty(self) -> bool:
        """Whether everything that was opened or adopted has been given back."""
        return not self._open and not self._rows

    def room_for(self, positions: int, prompt: PromptPass | None = None) -> bool:
        if prompt is not None and prompt.promised:
            return True
        taken = [*self._rows.values(), *(each.promised for each in self._open.values() if each.promised)]
        return not taken or sum(taken) + positions <= self._room

    def open(self, token_ids: Sequence[int], positions: int = 0, *, remembered: bool = True) -> PromptPass:
        self._perhaps_fail("open")
        prompt = PromptPass(tuple(token_ids), None, promised=positions)
        self._open[id(prompt)] = prompt
        self.opened.append(prompt.token_ids)
        self.counts["opened"] += 1
        return prompt

    def prefill(self, prompts: Sequence[PromptPass]) -> torch.Tensor:
        self._perhaps_fail("prefill")
        self.counts["passes"] += 1
        assert sum(min(prompt.left, self.chunk) for prompt in prompts) <= self.chunk
        return torch.stack([self._read(prompt, self.chunk)[-1] for prompt in prompts])

    def score(self, prompts: Sequence[PromptPass]) -> torch.Tensor:
        self._perhaps_fail("score")
        self.counts["passes"] += 1
        assert sum(min(prompt.left, self.scored_at_once) for prompt in prompts) <= self.scored_at_once
        return torch.cat([self._read(prompt, self.scored_at_once) for prompt in prompts])

    def adopt(self, row: int, prompt: PromptPass, positions: int) -> None:
        self._perhaps_fail("adopt")
        assert id(prompt) in self._open
        assert prompt.finished
        assert row not in self._rows
        assert self.room_for(positions, prompt)
        prompt.promised = 0
        self._rows[row] = positions
        self.counts["adopted"] += 1

    def close(self, prompt: PromptPass) -> None:
        assert self._open.pop(id(prompt)) is prompt
        self.counts["closed"] += 1

    def decode(self, token_ids: Sequence[int], positions: Sequence[int]) -> torch.Tensor:
        self.stepping.set()
        assert self.gate.wait(30)
        self._perhaps_fail("decode")
        assert sorted(self._rows) == list(range(len(token_ids)))
        assert all(position < self._rows[row] for row, position in enumerate(positions))
        logits = torch.stack([self._logits(*pair) for pair in zip(token_ids, positions, strict=True)])
        if self._is_due("numbers"):
            logits[0, 3] = torch.nan
        return logits

    def release(self, row: int, *, broken: bool = False) -> None:
        del self._rows[row]
        self.counts["released"] += 1

    def move(self, source: int, target: int, length: int) -> None:
        assert target not in self._rows
        assert length <= self._rows[source]
        self._rows[target] = self._rows.pop(source)

    def wipe(self) -> None:
        self.counts["closed"] += len(self._open)
        self.counts["released"] += len(self._rows)
        self._open.clear()
        self._rows.clear()

    def _read(self, prompt: PromptPass, most: int) -> torch.Tensor:
        assert id(prompt) in self._open
        start = prompt.position
        assert not prompt.finished
        prompt.position = min(start + most, len(prompt.token_ids))
        self.longest_prefill = max(self.longest_prefill, prompt.position - start)
        places = range(start, prompt.position)
        return torch.stack([self._logits(prompt.token_ids[place], place) for place in places])

    def _logits(self, token: int, position: int) -> torch.Tensor:
        likeliest = (token * 7 + position * 3 + 1 + self._written) % (self.vocabulary - 1)
        return torch.zeros(self.vocabulary).index_fill_(0, torch.tensor([likeliest]), 20.0)

    def _is_due(self, what: str) -> bool:
        if self.failures and self.failures[0] == what:
            self.failures.popleft()
            return True
        return False

    def _perhaps_fail(self, call: Call) -> None:
        if self._is_due(call):
            raise RuntimeError(f"{call} broken on purpose")


class LikeliestSampler(TorchSampler):
    """Its samples differ by their seeds, in no time."""

    def sample_tokens(self, logits: torch.Tensor, rows: Sequence[SamplingRow]) -> list[int]:
        return take_likeliest(logits, rows)


def take_likeliest(logits: torch.Tensor, rows: Sequence[SamplingRow]) -> list[int]:
    likeliest = logits.numpy().argmax(axis=1)
    sound = ~np.isnan(logits.numpy()).any(axis=1)
    chosen = [int(token + row.seed) % 256 for token, row in zip(likeliest, rows, strict=True)]
    return [token if good else BROKEN for token, good in zip(chosen, sound, strict=True)]
