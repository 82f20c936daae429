"""The batch sizes that give a row the same bits: measured, not assumed."""

from __future__ import annotations

from dataclasses import dataclass, field

import structlog
import torch
from transformers.cache_utils import DynamicCache

from generation.torch_passes import TorchPasses

_ROW_COUNTS = (1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
_SMALLEST_REFERENCE = 4
"""Even an engine of one row compares against this many, so that its texts equal those of larger engines."""
_NEAR, _FAR = 40, 150

log = structlog.get_logger()


@dataclass(slots=True)
class _Probe:
    length: int
    cache: DynamicCache = field(default_factory=DynamicCache)


def choose_row_counts(passes: TorchPasses, max_rows: int) -> tuple[int, ...]:
    """The batch sizes that give a row, at any place, the bits of the largest one. Leaves rows in the cache."""
    wanted = max(max_rows, _SMALLEST_REFERENCE)
    larger = [count for count in _ROW_COUNTS if count >= wanted]
    reference = larger[0] if larger else wanted
    probes = _read_probe(passes, _NEAR), _read_probe(passes, _FAR)
    expected, invariant = _decode_among_others(passes, probes, reference)
    if not invariant:
        log.warning("batch_changes_rows", rows=reference, hint="texts may depend on what else is running")
    agreeing = []
    for count in (count for count in _ROW_COUNTS if count < reference):
        logits, same = _decode_among_others(passes, probes, count)
        if same and torch.equal(logits, expected):
            agreeing.append(count)
    return (*agreeing, reference)


def _read_probe(passes: TorchPasses, length: int) -> _Probe:
    probe = _Probe(max(1, min(length, passes.max_model_len - 1)))
    generator = torch.Generator().manual_seed(length)
    ids = torch.randint(passes.vocabulary, (probe.length,), generator=generator)
    passes.run_chunk(ids.tolist(), probe.cache, 0, every=False)
    return probe


def _decode_among_others(passes: TorchPasses, probes: tuple[_Probe, _Probe], rows: int) -> tuple[torch.Tensor, bool]:
    """Decode one sequence in several places among others: its logits, and whether the places agree."""
    near, far = probes
    places = {0, rows // 2, rows - 1}
    chosen = [near if row in places else far for row in range(rows)]
    for row, probe in enumerate(chosen):
        passes.rows.adopt(row, probe.cache)
    logits = passes.decode([7 % passes.vocabulary] * rows, [probe.length for probe in chosen], rows)
    first = logits[0]
    return first, all(torch.equal(first, logits[row]) for row in places)
