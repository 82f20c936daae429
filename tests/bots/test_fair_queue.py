"""The queue's laws: nothing is lost, everybody gets a turn, and the order shown is the order kept."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.fair_queue import FairQueue

owners = st.sampled_from("abcd")
Item = tuple[str, int]
# Whose request comes, or None: the next one is taken.
comings_and_goings = st.lists(st.one_of(owners, st.none()), max_size=60)


def drain(queue: FairQueue[Item]) -> list[Item]:
    return [queue.pop() for _ in range(len(queue))]


def fill(*names: str) -> FairQueue[Item]:
    queue: FairQueue[Item] = FairQueue()
    for number, name in enumerate(names):
        queue.push(name, (name, number))
    return queue


def test_who_asks_once_does_not_wait_behind_who_asks_thrice() -> None:
    assert drain(fill("a", "a", "a", "b")) == [("a", 0), ("b", 3), ("a", 1), ("a", 2)]


def test_a_newcomer_joins_the_end_of_the_round() -> None:
    queue = fill("a", "a", "b")
    assert queue.pop() == ("a", 0)
    queue.push("c", ("c", 9))
    assert drain(queue) == [("b", 2), ("a", 1), ("c", 9)]


def test_an_empty_queue_has_nothing_to_give() -> None:
    queue: FairQueue[Item] = FairQueue()
    assert (len(queue), queue.order(), queue.remove(("a", 1))) == (0, [], False)
    with pytest.raises(IndexError, match="pop from an empty queue"):
        queue.pop()


def test_any_item_can_wait() -> None:
    queue: FairQueue[object] = FairQueue()
    for item in (None, 0, "", ()):
        queue.push("a", item)
    assert queue.order() == [None, 0, "", ()]
    assert [queue.pop() for _ in range(4)] == [None, 0, "", ()]


@given(comings_and_goings)
def test_nothing_is_lost_or_doubled(events: list[str | None]) -> None:
    queue: FairQueue[Item] = FairQueue()
    pushed, popped, numbers = [], [], count()
    for owner in events:
        if owner is not None:
            pushed.append((owner, next(numbers)))
            queue.push(owner, pushed[-1])
        elif len(queue):
            popped.append(queue.pop())
        assert len(queue) == len(pushed) - len(popped)
    assert Counter(popped + drain(queue)) == Counter(pushed)


@given(comings_and_goings)
def test_one_persons_requests_keep_their_order(events: list[str | None]) -> None:
    queue: FairQueue[Item] = FairQueue()
    numbers, popped = count(), defaultdict(list)
    for owner in [*events, *[None] * len(events)]:
        if owner is not None:
            queue.push(owner, (owner, next(numbers)))
        elif len(queue):
            name, number = queue.pop()
            popped[name].append(number)
    assert all(numbers == sorted(numbers) for numbers in popped.values())


@given(comings_and_goings)
def test_nobody_gets_a_second_turn_while_another_waits_for_a_first(events: list[str | None]) -> None:
    """Between two turns of one person everybody who waited at the first of them had one."""
    queue: FairQueue[Item] = FairQueue()
    numbers = count()
    still_waiting: dict[str, set[str]] = {}
    for owner in [*events, *[None] * len(events)]:
        if owner is not None:
            queue.push(owner, (owner, next(numbers)))
        elif len(queue):
            served, _ = queue.pop()
            assert still_waiting.get(served, set()) == set()
            for others in still_waiting.values():
                others.discard(served)
            still_waiting[served] = {name for name, _ in queue.order()} - {served}


@given(comings_and_goings, st.lists(st.integers(0, 60)))
def test_the_order_shown_is_the_order_kept(events: list[str | None], removed: list[int]) -> None:
    queue: FairQueue[Item] = FairQueue()
    pushed: list[Item] = []
    for owner in events:
        if owner is not None:
            pushed.append((owner, len(pushed)))
            queue.push(owner, pushed[-1])
        elif len(queue):
            assert queue.order()[0] == queue.pop()
    for number in removed:
        if number < len(pushed):
            waits = pushed[number] in queue.order()
            assert queue.remove(pushed[number]) == waits
            assert not queue.remove(pushed[number])
    order = queue.order()
    assert drain(queue) == order
    assert len(queue) == 0
