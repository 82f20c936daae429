from __future__ import annotations

import pytest

from benchmarks.asking_why import PLAIN, share
from benchmarks.figures import Row


def test_a_share_is_of_the_same_turn() -> None:
    row = Row("8 sequences", "tok/s", "higher", {PLAIN: [100, 50, 200], "asked": [90, 45, 190]})
    assert share(row, "asked") == pytest.approx(0.9)
