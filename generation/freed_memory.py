"""Gives memory that was freed back to the machine: glibc keeps what its threads freed while a model was read."""

from __future__ import annotations

import ctypes


def give_back_freed_memory() -> None:
    """Some hundredths of a second. Does nothing where the C library has no such function."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
