from __future__ import annotations

from bots.seen import Seen


def test_an_interaction_is_new_once() -> None:
    seen = Seen(most=2)
    assert [seen.is_new(each) for each in (1, 1, 2, 3)] == [True, False, True, True]
    assert seen.is_new(1), "only so many are remembered"
