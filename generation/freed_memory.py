"""Memory that was freed goes back to the machine, where glibc would keep it; and what stays is set aside."""

from __future__ import annotations

import ctypes
import gc

_M_ARENA_MAX = -8
"""Of mallopt, as in malloc.h."""
_ARENAS = 2


def keep_few_arenas() -> None:
    """To be called before there are threads.

    Each would have an arena of its own, and what one of them freed would serve no other. Does nothing in other C
    libraries than glibc.
    """
    choose = getattr(ctypes.CDLL(None), "mallopt", None)
    if choose is not None:
        choose(_M_ARENA_MAX, _ARENAS)


def settle_memory() -> None:
    """To be called when everything that stays is there; some tenths of a second.

    What is there now is looked at no more for garbage: libraries leave so many objects that each look would take half a
    second, in which nobody is answered.
    """
    gc.collect()
    gc.freeze()
    give_back_freed_memory()


def give_back_freed_memory() -> None:
    """Takes some hundredths of a second when there is much; does nothing in other C libraries than glibc."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
