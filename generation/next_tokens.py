"""What a token is drawn from: the model's own distribution, and what temperature and filters make of it.

Where all of the vocabulary is looked at, numpy does it, in one array: torch would share it among threads, which on a
busy machine take longer to come than the work does, and fresh memory costs more than the numbers in it.
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

_Ids = NDArray[np.int64]
_Numbers = NDArray[np.float64]


def describe_next_tokens(logits: torch.Tensor, row: SamplingRow, count: int) -> NextTokens | None:
    """The `count` likeliest tokens of raw logits [vocabulary]; None when these are no numbers."""
    penalized = penalize(logits[None], [row])[0]
    if not math.isfinite(logits.numpy().max()) or not math.isfinite(penalized.numpy().max()):
        return None
    ids = torch.topk(logits, min(count, logits.shape[0])).indices.numpy()
    kept_ids, kept = _keep(penalized, row.options)
    left = dict(zip(kept_ids.tolist(), kept.tolist(), strict=True))
    if row.options.greedy:
        # There is nothing between the model and its likeliest token.
        tempered, mass = [left.get(each) for each in ids.tolist()], 1.0
    else:
        logprobs = _logprobs(penalized, np.concatenate((ids, kept_ids)), row.options.temperature)
        tempered = [_finite(each) for each in logprobs[: len(ids)].tolist()]
        mass = float(np.exp(logprobs[len(ids) :]).sum())
    columns = zip(ids.tolist(), _logprobs(logits, ids).tolist(), tempered, strict=True)
    candidates = tuple(Candidate(each, logprob, after, left.get(each)) for each, logprob, after in columns)
    return NextTokens(candidates, len(kept_ids), mass)


def _keep(logits: torch.Tensor, options: SamplingOptions) -> tuple[_Ids, _Numbers]:
    """What all filters leave, and the log-probabilities with which it is drawn."""
    ids = _left_by_top_k(logits, options.top_k)
    scores = filter_logits(logits[None, torch.from_numpy(ids)], [options])[0]
    kept = torch.isfinite(scores)
    return ids[kept.numpy()], torch.log_softmax(scores[kept], dim=0).numpy()


def _left_by_top_k(logits: torch.Tensor, top_k: int) -> _Ids:
    """The tokens that the filters need to look at, in order: what top_k drops, no other filter keeps or counts."""
    if not 0 < top_k < logits.shape[0]:
        return np.arange(logits.shape[0])
    return np.flatnonzero(logits.numpy() >= float(torch.topk(logits, top_k).values[-1]))


def _logprobs(logits: torch.Tensor, ids: _Ids, temperature: float = 1.0) -> _Numbers:
    """Of the tokens `ids`."""
    scores = logits.numpy().astype(np.float64)
    scores -= scores.max()
    # From the likeliest down: the tiniest temperature then stretches the others to -inf, and nothing to infinity.
    with np.errstate(over="ignore"):
        scores /= temperature
    chosen: _Numbers = scores[ids]
    return chosen - math.log(np.exp(scores, out=scores).sum())


def _finite(logprob: float) -> float | None:
    return logprob if math.isfinite(logprob) else None
