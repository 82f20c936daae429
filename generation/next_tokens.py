"""What a token is drawn from: the model's own distribution, and what temperature and filters make of it.

Where all of the vocabulary is looked at, numpy does it: torch would share it among threads, which on a busy machine
take longer to come than the work does.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray

from config.sampling import SamplingOptions
from generation.filters import filter_logits
from generation.penalties import SamplingRow, penalize
from generation.types import Candidate, NextTokens

_Numbers = NDArray[np.float64]


def describe_next_tokens(logits: torch.Tensor, row: SamplingRow, count: int) -> NextTokens | None:
    """The `count` likeliest tokens of raw logits [vocabulary]; None when these are no numbers."""
    if not math.isfinite(logits.numpy().max()):
        return None
    penalized = penalize(logits[None], [row])[0]
    kept = _keep(penalized, row.options)
    # At temperature 0 there is nothing between the model and its likeliest token.
    tempered = kept if row.options.greedy else _log_softmax(penalized, row.options.temperature)
    ids = torch.topk(logits, min(count, logits.shape[0])).indices.numpy()
    columns = (ids.tolist(), *(each[ids].tolist() for each in (_log_softmax(logits), tempered, kept)))
    candidates = tuple(
        Candidate(token_id, logprob, _finite(after), _finite(left))
        for token_id, logprob, after, left in zip(*columns, strict=True)
    )
    kept_ids = np.flatnonzero(kept > -math.inf)
    return NextTokens(candidates, len(kept_ids), float(np.exp(tempered[kept_ids]).sum()))


def _keep(logits: torch.Tensor, options: SamplingOptions) -> _Numbers:
    """Log-probabilities after all filters, -inf for what they drop."""
    left = torch.from_numpy(_left_by_top_k(logits, options.top_k))
    kept = np.full(logits.shape[0], -math.inf)
    kept[left] = torch.log_softmax(filter_logits(logits[None, left], [options])[0], dim=0).numpy()
    return kept


def _left_by_top_k(logits: torch.Tensor, top_k: int) -> NDArray[np.int64]:
    """The tokens that the filters need to look at, in order: what top_k drops, no other filter keeps or counts."""
    if not 0 < top_k < logits.shape[0]:
        return np.arange(logits.shape[0])
    return np.flatnonzero(logits.numpy() >= float(torch.topk(logits, top_k).values[-1]))


def _log_softmax(logits: torch.Tensor, temperature: float = 1.0) -> _Numbers:
    numbers = logits.numpy().astype(np.float64)
    # From the likeliest down: the tiniest temperature then stretches the others to -inf, and nothing to infinity.
    with np.errstate(over="ignore"):
        scores: _Numbers = (numbers - numbers.max()) / temperature
    return scores - math.log(np.exp(scores).sum())


def _finite(logprob: float) -> float | None:
    return logprob if math.isfinite(logprob) else None
