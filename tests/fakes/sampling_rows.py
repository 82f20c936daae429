"""A row of the sampler without an engine around it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from config.sampling import SamplingOptions


def _no_tokens() -> NDArray[np.int64]:
    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class FakeRow:
    options: SamplingOptions
    seed: int = 0
    prompt_ids: NDArray[np.int64] = field(default_factory=_no_tokens)
    completion_ids: NDArray[np.int64] = field(default_factory=_no_tokens)
