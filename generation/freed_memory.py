"""Once a model is loaded: gives back what was freed on the way, and sets what stays aside."""

from __future__ import annotations

import ctypes
import gc


def settle_memory() -> None:
    """To be called when everything that stays is there; some tenths of a second.

    What is there now is looked at no more for garbage: libraries leave so many objects that each look would take half a
    second, in which nobody is answered.
    """
    gc.collect()
    gc.freeze()
    give_back_freed_memory()


def give_back_freed_memory() -> None:
    """glibc keeps what its threads freed. Some hundredths of a second; does nothing in other C libraries."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
