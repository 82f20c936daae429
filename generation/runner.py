"""What the engine's loop asks of a model: forward passes, and the memory of the sequences that run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch

from generation.sampler import Sampler


@dataclass(slots=True)
class PromptPass:
    """A prompt on its way through the model; made by `Runner.open`."""

    token_ids: tuple[int, ...]
    memory: object
    """The keys and values so far, as its runner keeps them."""
    position: int = 0
    """How many tokens have been through the model, or needn't go since they were remembered."""
    promised: int = 0
    """Positions, prompt included, that there is room for until a row takes them."""

    @property
    def left(self) -> int:
        """How many tokens have yet to go through the model."""
        return len(self.token_ids) - self.position

    @property
    def finished(self) -> bool:
        return self.position == len(self.token_ids)


class Runner(Protocol):
    """Used from one thread at a time.

    The logits of a row have the same bits whatever else runs, wherever it stands and however its prompt was cut, so
    that a text depends on its own request alone.
    """

    @property
    def path(self) -> str:
        """Which code runs at which precision, for people: "torch fp32", "native int8"."""
        ...

    @property
    def sampler(self) -> Sampler:
        """What draws tokens from its logits."""
        ...

    @property
    def vocabulary(self) -> int:
        """How many tokens the model gives a probability."""
        ...

    @property
    def chunk(self) -> int:
        """How many prompt tokens one step may take now: at most so many of a prompt go through in one pass.

        May depend on what runs, which waits for them.
        """
        ...

    @property
    def prompts_at_once(self) -> int:
        """How many one `prefill` or `score` takes."""
        ...

    @property
    def scored_at_once(self) -> int:
        """How many prompt tokens one `score` takes: at most so many of a prompt go through in one pass."""
        ...

    @property
    def scoring_reads(self) -> bool:
        """Whether a prompt that was scored can be continued, to the very bits to which it could be had it been read."""
        ...

    @property
    def cache_bytes(self) -> int:
        """Memory of all keys and values held now."""
        ...

    def room_for(self, positions: int, prompt: PromptPass | None = None) -> bool:
        """Whether one more sequence of so many positions fits beside what runs, how far that may grow, and promises.

        Always true while nothing runs, for as many positions as the model takes. `prompt` is the open one that it
        continues: it shares what that holds, or has its promise.
        """
        ...

    def open(self, token_ids: Sequence[int], positions: int = 0, *, remembered: bool = True) -> PromptPass:
        """Begin a prompt, and promise room to the row that will continue it to so many positions.

        What is remembered of an earlier one with the same beginning is skipped unless told not to; at least the last
        token is left to run.
        """
        ...

    def prefill(self, prompts: Sequence[PromptPass]) -> torch.Tensor:
        """Run each one's next chunk, which are a chunk's tokens together at most.

        The logits after the last token of each, [prompt, vocabulary].
        """
        ...

    def score(self, prompts: Sequence[PromptPass]) -> torch.Tensor:
        """Run each one's next chunk, which are `scored_at_once` tokens together at most.

        The logits after each of their tokens, one prompt's after the other's, [token, vocabulary].
        """
        ...

    def adopt(self, row: int, prompt: PromptPass, positions: int) -> None:
        """Let row `row`, which is free, continue a finished prompt, up to `positions` in all, prompt included.

        When it fails the row is still free.
        """
        ...

    def close(self, prompt: PromptPass) -> None:
        """No more rows will continue this prompt; those that do are not touched. May be called again."""
        ...

    def decode(self, token_ids: Sequence[int], positions: Sequence[int]) -> torch.Tensor:
        """One step of rows 0 … n-1: their newest tokens in, logits [row, vocabulary] out."""
        ...

    def release(self, row: int, *, broken: bool = False) -> None:
        """A row's sequence has ended. `broken`: it computed something that is no number, and must not be remembered."""
        ...

    def move(self, source: int, target: int, length: int) -> None:
        """Give a row a place that is free; `length` positions of it are in use."""
        ...

    def wipe(self) -> None:
        """Forget every row and prompt, for example after a failed step; what they held can be used again.

        None of them is released or closed afterwards.
        """
        ...
