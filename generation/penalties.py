"""Repetition, frequency and presence penalties on raw logits, for a batch of rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from config.sampling import SamplingOptions


class SamplingRow(Protocol):
    """What sampling needs to know of one sequence."""

    @property
    def options(self) -> SamplingOptions: ...

    @property
    def seed(self) -> int:
        """Resolved for this sample."""
        ...

    @property
    def prompt_ids(self) -> NDArray[np.int64]: ...

    @property
    def completion_ids(self) -> NDArray[np.int64]:
        """The tokens generated so far; their number is the index of the next one."""
        ...


def penalize(logits: torch.Tensor, rows: Sequence[SamplingRow]) -> torch.Tensor:
    """Logits [row, vocabulary] after penalties; the same tensor when no row asks for any."""
    repeating = [index for index, row in enumerate(rows) if row.options.repetition_penalty != 1]
    counting = [
        index for index, row in enumerate(rows) if row.options.frequency_penalty or row.options.presence_penalty
    ]
    if not repeating and not counting:
        return logits
    logits = logits.clone()
    if repeating:
        logits[repeating] = _penalize_repetition(logits[repeating], [rows[index] for index in repeating])
    if counting:
        logits[counting] = _penalize_counts(logits[counting], [rows[index] for index in counting])
    return logits


def _penalize_repetition(logits: torch.Tensor, rows: Sequence[SamplingRow]) -> torch.Tensor:
    histories = [np.concatenate((row.prompt_ids, row.completion_ids)) for row in rows]
    seen = _count(histories, logits.shape) > 0
    penalty = _column([row.options.repetition_penalty for row in rows], logits)
    return torch.where(seen, torch.where(logits < 0, logits * penalty, logits / penalty), logits)


def _penalize_counts(logits: torch.Tensor, rows: Sequence[SamplingRow]) -> torch.Tensor:
    counts = _count([row.completion_ids for row in rows], logits.shape)
    frequency = _column([row.options.frequency_penalty for row in rows], logits)
    presence = _column([row.options.presence_penalty for row in rows], logits)
    return logits - counts * frequency - (counts > 0) * presence


def _count(histories: Sequence[NDArray[np.int64]], shape: torch.Size) -> torch.Tensor:
    """How often each row holds each token, [row, vocabulary]."""
    vocabulary = shape[1]
    places = np.concatenate([history + index * vocabulary for index, history in enumerate(histories)])
    counts = torch.zeros(shape[0] * vocabulary)
    counts.index_add_(0, torch.from_numpy(places), torch.ones(len(places)))
    return counts.view(shape)


def _column(values: Sequence[float], like: torch.Tensor) -> torch.Tensor:
    return torch.tensor(values, dtype=like.dtype)[:, None]
