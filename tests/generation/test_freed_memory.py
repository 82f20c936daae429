"""Freed memory goes back to the machine."""

from __future__ import annotations

import ctypes
import gc
import threading
from pathlib import Path

import pytest

from generation.freed_memory import give_back_freed_memory, settle_memory

PIECES, SIZE = 40_000, 2_000


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="this C library keeps nothing, or tells not")
def test_what_a_thread_freed_is_given_back() -> None:
    freed: list[int] = []

    def take_and_free() -> None:
        pieces = [bytearray(SIZE) for _ in range(PIECES)]
        last = pieces[-1:]
        pieces.clear()
        freed.append(resident())
        assert last

    thread = threading.Thread(target=take_and_free)
    thread.start()
    thread.join()
    give_back_freed_memory()
    assert resident() < freed[0] - PIECES * SIZE // 2


def test_what_is_there_is_looked_at_no_more() -> None:
    mine = [[] for _ in range(10)]
    try:
        settle_memory()
        looked_at = {id(each) for each in gc.get_objects()}
        assert not any(id(each) in looked_at for each in mine)
    finally:
        gc.unfreeze()
