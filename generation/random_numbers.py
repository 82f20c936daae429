"""Random numbers that are a function of (seed, token index) alone: no state, so no order of work can change them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_INCREMENT = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


def draw_uniforms(seeds: NDArray[np.uint64], indexes: NDArray[np.uint64]) -> NDArray[np.float64]:
    """One number in [0, 1) for each pair; seeds and indexes below 2³².

    SplitMix64's finalizer applied twice: neighbouring seeds and neighbouring tokens give unrelated numbers.
    """
    mixed = _mix(_mix((seeds << np.uint64(32)) | indexes))
    return (mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _mix(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    state = state + _INCREMENT
    state = (state ^ (state >> np.uint64(30))) * _FIRST
    state = (state ^ (state >> np.uint64(27))) * _SECOND
    return state ^ (state >> np.uint64(31))
