"""The next token of every row in one pass, and the distributions it is drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch

from generation.filters import filter_logits
from generation.penalties import SamplingRow, penalize
from generation.random_numbers import draw_uniforms
from generation.types import TokenLogprob

BROKEN = -1
"""In place of a token: this row's logits are no numbers."""


class Sampler(Protocol):
    """Used from one thread at a time."""

    def sample_tokens(self, logits: torch.Tensor, rows: Sequence[SamplingRow]) -> list[int]:
        """Draw each row's next token from raw logits [row, vocabulary]: a function of that row alone; or BROKEN."""
        ...

    def score_tokens(self, logits: torch.Tensor, token_ids: Sequence[int], alternatives: int) -> list[TokenLogprob]:
        """The natural log of each row's softmax at its token, with its `alternatives` likeliest tokens."""
        ...


class TorchSampler:
    """In torch's own operations, on any machine."""

    def sample_tokens(self, logits: torch.Tensor, rows: Sequence[SamplingRow]) -> list[int]:
        return sample_tokens(logits, rows)

    def score_tokens(self, logits: torch.Tensor, token_ids: Sequence[int], alternatives: int) -> list[TokenLogprob]:
        return score_tokens(logits, token_ids, alternatives)


def compute_distribution(logits: torch.Tensor, rows: Sequence[SamplingRow]) -> torch.Tensor:
    """The probabilities [row, vocabulary], in double precision, that each row's options leave of the raw logits.

    Penalties, temperature, top_k, top_p, min_p, typical_p; a greedy row has one token of probability 1.
    """
    return torch.softmax(filter_logits(penalize(logits, rows), [row.options for row in rows]), dim=1)


def sample_tokens(logits: torch.Tensor, rows: Sequence[SamplingRow]) -> list[int]:
    """Draw each row's next token from raw logits [row, vocabulary]: a function of that row alone; or BROKEN."""
    seeds = np.array([row.seed for row in rows], dtype=np.uint64)
    indexes = np.array([len(row.completion_ids) for row in rows], dtype=np.uint64)
    uniforms = torch.from_numpy(draw_uniforms(seeds, indexes))[:, None]
    # Tokens stay in the vocabulary's order: what one row filters can't change the order in which another one is drawn.
    reached = compute_distribution(logits, rows).cumsum(dim=1)
    total = reached[:, -1:]
    target = torch.minimum(uniforms * total, torch.nextafter(total, torch.zeros_like(total)))
    tokens = torch.searchsorted(reached, target, right=True).clamp(max=logits.shape[1] - 1)
    # One logit that is no number leaves no distribution; a greedy row's likeliest token is then that one.
    sound = torch.isfinite(total) & torch.isfinite(logits.gather(1, tokens))
    return torch.where(sound, tokens, BROKEN)[:, 0].tolist()


def score_tokens(logits: torch.Tensor, token_ids: Sequence[int], alternatives: int) -> list[TokenLogprob]:
    """The natural log of each row's softmax at its token, with its `alternatives` likeliest tokens."""
    logprobs = torch.log_softmax(logits.double(), dim=1)
    chosen = logprobs.gather(1, torch.tensor(token_ids)[:, None])[:, 0].tolist()
    if not alternatives:
        return [TokenLogprob(token, logprob) for token, logprob in zip(token_ids, chosen, strict=True)]
    best = torch.topk(logprobs, min(alternatives, logprobs.shape[1]), dim=1)
    tops = [
        tuple(zip(ids, values, strict=True))
        for ids, values in zip(best.indices.tolist(), best.values.tolist(), strict=True)
    ]
    return [TokenLogprob(*entry) for entry in zip(token_ids, chosen, tops, strict=True)]
