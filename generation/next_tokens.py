"""What a token is drawn from: the model's own distribution, and what temperature and filters make of it."""

from __future__ import annotations

import math

import torch

from generation.filters import filter_logits
from generation.penalties import SamplingRow, penalize
from generation.types import Candidate, NextTokens


def describe_next_tokens(logits: torch.Tensor, row: SamplingRow, count: int) -> NextTokens | None:
    """The `count` likeliest tokens of raw logits [vocabulary]; None when these are no numbers."""
    given = torch.log_softmax(logits.double(), dim=0)
    if not bool(torch.isfinite(given.amax())):
        return None
    penalized = penalize(logits[None], [row])
    kept = torch.log_softmax(filter_logits(penalized, [row.options])[0], dim=0)
    # At temperature 0 there is nothing between the model and its likeliest token.
    tempered = kept if row.options.greedy else _temper(penalized[0].double(), row.options.temperature)
    is_kept = torch.isfinite(kept)
    ids = torch.topk(given, min(count, given.shape[0])).indices
    columns = (ids.tolist(), *(each[ids].tolist() for each in (given, tempered, kept)))
    candidates = tuple(
        Candidate(token_id, logprob, _finite(after), _finite(left))
        for token_id, logprob, after, left in zip(*columns, strict=True)
    )
    return NextTokens(candidates, int(is_kept.sum()), float(tempered[is_kept].exp().sum()))


def _finite(logprob: float) -> float | None:
    return logprob if math.isfinite(logprob) else None


def _temper(logits: torch.Tensor, temperature: float) -> torch.Tensor:
    return torch.log_softmax((logits - logits.amax()) / temperature, dim=0)
