"""Holds a runner against fp32 before it may serve: its numbers, at every batch size that it will serve."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from generation.native.network import WeightPrecision
from generation.runner import Runner

LEAST_CORRELATION: dict[WeightPrecision, float] = {"fp32": 0.99999, "bf16": 0.998, "int8": 0.98}
"""Between a token's logits and those in fp32. A path that computes garbage is at 0.6 or below."""


class WrongNumbers(Exception):
    """The runner must not serve; the text says what was found."""


def check_runner(
    runner: Runner, token_ids: Sequence[int], reference: torch.Tensor, least: float, most_rows: int
) -> None:
    """`reference` are the fp32 logits [token, vocabulary] after each of `token_ids`. Raises WrongNumbers."""
    runner.wipe()
    scored = _read(runner, token_ids)
    _compare(scored, reference, least, "a prompt")
    for rows in _batch_sizes(most_rows):
        logits = _decode(runner, token_ids, rows)
        _compare(logits, reference[-1:].expand_as(logits), least, f"{len(logits)} rows")
        if not torch.equal(logits, scored[-1:].expand_as(logits)):
            raise WrongNumbers(f"with {len(logits)} rows the last bits are others than alone")
        if len(logits) < rows:
            break
    runner.wipe()


def _batch_sizes(most: int) -> list[int]:
    """Every one where kernels may change, and the largest."""
    return [rows for rows in (*range(1, 9), 12, 16, 24, 32, 48, 64, 128) if rows < most] + [most]


def _read(runner: Runner, token_ids: Sequence[int]) -> torch.Tensor:
    prompt = runner.open(token_ids, remembered=False)
    logits = []
    while not prompt.finished:
        logits.append(runner.score(prompt))
    runner.close(prompt)
    return torch.cat(logits)


def _decode(runner: Runner, token_ids: Sequence[int], rows: int) -> torch.Tensor:
    """The last token, in so many rows at once, or as many as there is memory for: more will never run."""
    prompt = runner.open(token_ids[:-1])
    while not prompt.finished:
        runner.prefill(prompt)
    for row in range(rows):
        if not runner.room_for(len(token_ids)):
            rows = row
            break
        runner.adopt(row, prompt, len(token_ids))
    runner.close(prompt)
    logits = runner.decode([token_ids[-1]] * rows, [len(token_ids) - 1] * rows)
    for row in reversed(range(rows)):
        runner.release(row)
    return logits


def _compare(logits: torch.Tensor, reference: torch.Tensor, least: float, what: str) -> None:
    centred, expected = (each - each.mean(dim=1, keepdim=True) for each in (logits.double(), reference.double()))
    products = (centred * expected).sum(dim=1) / (centred.norm(dim=1) * expected.norm(dim=1))
    worst = float(products.min())
    if not worst >= least:
        raise WrongNumbers(f"for {what} the logits correlate only {worst:.4f} with fp32")
    stretch = (centred.norm(dim=1) / expected.norm(dim=1)).log().abs().max()
    if not float(stretch) <= 0.1:
        raise WrongNumbers(f"for {what} the logits are {float(stretch.exp()):.2f} times as far apart as in fp32")
