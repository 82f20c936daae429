"""sampling.cpp and scoring.cpp behind the signatures of generation/sampler.py."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from config.sampling import SamplingOptions
from generation.native.network import NativeNetwork
from generation.native.pointers import FloatRows, bind, check_memory, float_rows, int64_address
from generation.penalties import SamplingRow
from generation.random_numbers import draw_uniforms
from generation.types import TokenLogprob

_OPTIONS = struct.Struct("=4dq3fi")
_REMEMBERED = 4096


class _SamplingBatch(ctypes.Structure):
    """As in sampling.h."""

    _fields_ = (
        ("logits", ctypes.c_void_p),
        ("stride", ctypes.c_int64),
        ("vocabulary", ctypes.c_int64),
        ("options", ctypes.c_char_p),
        ("histories", ctypes.c_void_p),
        ("uniforms", ctypes.c_void_p),
        ("tokens", ctypes.c_void_p),
    )


class _ScoringBatch(ctypes.Structure):
    """As in scoring.h."""

    _fields_ = (
        ("logits", ctypes.c_void_p),
        ("stride", ctypes.c_int64),
        ("vocabulary", ctypes.c_int64),
        ("tokens", ctypes.c_void_p),
        ("alternatives", ctypes.c_int64),
        ("logprobs", ctypes.c_void_p),
        ("top_tokens", ctypes.c_void_p),
        ("top_logprobs", ctypes.c_void_p),
    )


class NativeSampler:
    """Draws what `generation.sampler` draws, except where the uniform lies within rounding of a token's boundary.

    From one thread at a time.
    """

    def __init__(self, library: ctypes.CDLL, network: NativeNetwork | None = None) -> None:
        """The network's threads share the rows; it must not run meanwhile."""
        self._sample_rows = _bind_rows(library, "inkling_sample_rows", _SamplingBatch)
        self._score_rows = _bind_rows(library, "inkling_score_rows", _ScoringBatch)
        self._packed: dict[int, tuple[SamplingOptions, bytes, bool]] = {}
        self._network = network
        self._team = None if network is None else network.team

    def sample_tokens(self, logits: torch.Tensor, rows: Sequence[SamplingRow]) -> list[int]:
        """Draw each row's next token from raw logits [row, vocabulary] in float32: a function of that row alone.

        BROKEN in place of the token when the row's largest logit, before or after penalties, is no finite number.
        """
        matrix = _check(logits, len(rows))
        packed = [self._pack(row.options) for row in rows]
        histories = _point_to_histories(rows, [penalizes for _, _, penalizes in packed])
        uniforms = _draw(rows)
        tokens = np.empty(len(rows), dtype=np.int64)
        batch = _SamplingBatch(
            matrix.address,
            matrix.stride,
            matrix.columns,
            b"".join([options for _, options, _ in packed]),
            histories.ctypes.data,
            uniforms.ctypes.data,
            tokens.ctypes.data,
        )
        check_memory(self._sample_rows(self._team, batch, len(rows)))
        drawn: list[int] = tokens.tolist()
        return drawn

    def score_tokens(self, logits: torch.Tensor, token_ids: Sequence[int], alternatives: int) -> list[TokenLogprob]:
        """The natural log of each row's softmax at its token, with its `alternatives` likeliest tokens.

        Of equally likely tokens the lower ids come first. NaN where a row's largest logit is no finite number.
        """
        matrix = _check(logits, len(token_ids))
        tokens = np.array(token_ids, dtype=np.int64)
        if len(tokens) and not 0 <= tokens.min() <= tokens.max() < matrix.columns:
            raise IndexError("a token is not in the vocabulary")
        alternatives = min(alternatives, matrix.columns)
        logprobs = np.empty(len(tokens))
        top_tokens = np.empty((len(tokens), alternatives), dtype=np.int64)
        top_logprobs = np.empty((len(tokens), alternatives))
        batch = _ScoringBatch(
            matrix.address,
            matrix.stride,
            matrix.columns,
            tokens.ctypes.data,
            alternatives,
            logprobs.ctypes.data,
            top_tokens.ctypes.data,
            top_logprobs.ctypes.data,
        )
        check_memory(self._score_rows(self._team, batch, len(tokens)))
        tops = zip(top_tokens.tolist(), top_logprobs.tolist(), strict=True)
        return [
            TokenLogprob(token, logprob, tuple(zip(*top, strict=True)))
            for token, logprob, top in zip(token_ids, logprobs.tolist(), tops, strict=True)
        ]

    def _pack(self, options: SamplingOptions) -> tuple[SamplingOptions, bytes, bool]:
        """As the kernel reads them, and whether they penalize; remembered by identity, since hashing takes longer."""
        known = self._packed.get(id(options))
        if known is None:
            if len(self._packed) >= _REMEMBERED:
                self._packed.clear()
            # Holding the options keeps their id from being given to others.
            known = self._packed[id(options)] = (options, _pack(options), _penalizes(options))
        return known


def _bind_rows(library: ctypes.CDLL, name: str, batch: type[ctypes.Structure]) -> Any:
    return bind(library, name, ctypes.c_int32, ctypes.c_void_p, ctypes.POINTER(batch), ctypes.c_int64)


def _check(logits: torch.Tensor, rows: int) -> FloatRows:
    matrix = float_rows(logits)
    if matrix.rows != rows or not 0 < matrix.columns < 2**31:
        raise ValueError(f"logits are {list(logits.shape)} for {rows} rows")
    return matrix


def _pack(options: SamplingOptions) -> bytes:
    return _OPTIONS.pack(
        options.temperature,
        options.top_p,
        options.min_p,
        options.typical_p,
        options.top_k,
        options.repetition_penalty,
        options.frequency_penalty,
        options.presence_penalty,
        options.greedy,
    )


def _penalizes(options: SamplingOptions) -> bool:
    return options.repetition_penalty != 1 or options.frequency_penalty != 0 or options.presence_penalty != 0


def _point_to_histories(rows: Sequence[SamplingRow], penalizing: Sequence[bool]) -> NDArray[np.int64]:
    """Address and length of prompt and completion, [row, 4]; zeros for rows whose history does not count.

    The arrays themselves belong to the rows.
    """
    histories = np.zeros((len(rows), 4), dtype=np.int64)
    for index, row in enumerate(rows):
        if penalizing[index]:
            prompt, completion = row.prompt_ids, row.completion_ids
            histories[index] = (int64_address(prompt), len(prompt), int64_address(completion), len(completion))
    return histories


def _draw(rows: Sequence[SamplingRow]) -> NDArray[np.float64]:
    seeds = np.array([row.seed for row in rows], dtype=np.uint64)
    indexes = np.array([len(row.completion_ids) for row in rows], dtype=np.uint64)
    return draw_uniforms(seeds, indexes)
