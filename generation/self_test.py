"""Holds a runner against fp32 before it may serve: its numbers alone and in batches, and the tokens it draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from config.sampling import SamplingOptions
from generation.native.network import WeightPrecision
from generation.runner import PromptPass, Runner
from generation.sampler import Sampler, sample_tokens

LEAST_CORRELATION: dict[WeightPrecision, float] = {"fp32": 0.99999, "bf16": 0.998, "int8": 0.98}
"""Between a token's logits and those in fp32. A path that computes garbage is at 0.6 or below."""


class WrongNumbers(Exception):
    """The runner must not serve; the text says what was found."""


def check_runner(
    runner: Runner, token_ids: Sequence[int], reference: torch.Tensor, least: float, most_rows: int
) -> None:
    """`reference` are the fp32 logits [token, vocabulary] after each of `token_ids`. Raises WrongNumbers."""
    runner.wipe()
    # Two texts by turns, that have no beginning in common: a row that reads or writes its neighbour's is then seen.
    texts = (token_ids, token_ids[len(token_ids) // 2 :])
    scored = [score_text(runner, text) for text in texts]
    _compare(scored[0], reference, least, "a prompt")
    ends = torch.stack([each[-1] for each in scored])
    if not torch.equal(_read_together(runner, texts), ends):
        raise WrongNumbers("two prompts read together have other last bits than alone")
    prompts = [_read(runner, text[:-1]) for text in texts]
    for rows in _batch_sizes(most_rows):
        logits = _decode(runner, texts, prompts, rows)
        by_turns = torch.arange(len(logits)) % len(texts)
        _compare(logits, torch.stack([reference[-1], ends[1]])[by_turns], least, f"{len(logits)} rows")
        if not torch.equal(logits, ends[by_turns]):
            raise WrongNumbers(f"with {len(logits)} rows the last bits are others than alone")
        if len(logits) < rows:
            break
    _check_sampler(runner.sampler, reference)
    runner.wipe()


def score_text(runner: Runner, token_ids: Sequence[int]) -> torch.Tensor:
    """The logits after each token, [token, vocabulary], with nothing remembered."""
    prompt = runner.open(token_ids, remembered=False)
    logits = []
    while not prompt.finished:
        logits.append(runner.score([prompt]))
    runner.close(prompt)
    return torch.cat(logits)


def _batch_sizes(most: int) -> list[int]:
    """Every one where kernels change, some of those that are made of them, and the largest."""
    return [rows for rows in (*range(1, 13), 16, 24, 32, 48, 64, 128) if rows < most] + [most]


def _read_together(runner: Runner, texts: Sequence[Sequence[int]]) -> torch.Tensor:
    """The logits after each, [text, vocabulary]."""
    prompts = [runner.open(text, remembered=False) for text in texts]
    logits = runner.prefill(prompts)
    for prompt in prompts:
        runner.close(prompt)
    return logits


def _read(runner: Runner, token_ids: Sequence[int]) -> PromptPass:
    prompt = runner.open(token_ids)
    while not prompt.finished:
        runner.prefill([prompt])
    return prompt


def _decode(runner: Runner, texts: Sequence[Sequence[int]], prompts: Sequence[PromptPass], rows: int) -> torch.Tensor:
    """The last tokens of so many rows at once, or of as many as there is memory for: more will never run."""
    chosen = [texts[row % len(texts)] for row in range(rows)]
    adopted = 0
    for row, text in enumerate(chosen):
        prompt = prompts[row % len(prompts)]
        if row and not runner.room_for(len(text), prompt):
            break
        runner.adopt(row, prompt, len(text))
        adopted += 1
    running = chosen[:adopted]
    logits = runner.decode([text[-1] for text in running], [len(text) - 1 for text in running])
    for row in reversed(range(adopted)):
        runner.release(row)
    return logits


@dataclass(frozen=True, slots=True)
class _ProbeRow:
    """A `SamplingRow` without a past."""

    options: SamplingOptions
    seed: int
    prompt_ids: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    completion_ids: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


def _check_sampler(sampler: Sampler, logits: torch.Tensor) -> None:
    """The same tokens as torch draws from a few of the fp32 logits, with each kind of filter."""
    kinds: tuple[Mapping[str, Any], ...] = (
        {},
        {"temperature": 0.0},
        {"top_k": 0, "top_p": 0.9},
        {"top_k": 0, "top_p": 0.0, "min_p": 0.02},
    )
    for kind in kinds:
        rows = [_ProbeRow(SamplingOptions(**kind), seed) for seed in range(min(4, len(logits)))]
        some = logits[-len(rows) :]
        if sampler.sample_tokens(some, rows) != sample_tokens(some, rows):
            raise WrongNumbers(f"with {kind or 'the default options'} other tokens are drawn than by torch")


def _compare(logits: torch.Tensor, reference: torch.Tensor, least: float, what: str) -> None:
    centred, expected = (each - each.mean(dim=1, keepdim=True) for each in (logits.double(), reference.double()))
    products = (centred * expected).sum(dim=1) / (centred.norm(dim=1) * expected.norm(dim=1))
    worst = float(products.min())
    if not worst >= least:
        raise WrongNumbers(f"for {what} the logits correlate only {worst:.4f} with fp32")
    stretch = (centred.norm(dim=1) / expected.norm(dim=1)).log().abs().max()
    if not float(stretch) <= 0.1:
        raise WrongNumbers(f"for {what} the logits are {float(stretch.exp()):.2f} times as far apart as in fp32")
