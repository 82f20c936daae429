from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings, strategies
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from generation.block_pool import BEGINNING, BlockPool, name_block

SIZE, BUDGET = 6, 4
NAMES = tuple(bytes([letter]) for letter in b"abcd")
HELD = Bundle("held")


class PoolMachine(RuleBasedStateMachine):
    """Beside the pool a plain account of it: who holds what, what it is called, what has been idle for how long."""

    def __init__(self) -> None:
        super().__init__()
        self.pool = BlockPool(SIZE, BUDGET)
        self.holders: dict[int, int] = {}
        self.names: dict[bytes, int] = {}
        self.idle: list[int] = []
        self.era = 0

    def forget_oldest(self) -> int:
        oldest = self.idle.pop(0)
        self.names = {name: other for name, other in self.names.items() if other != oldest}
        return oldest

    def holds(self, held: tuple[int, int]) -> bool:
        """False for blocks that were held when everything was forgotten."""
        return held[0] == self.era

    @rule(target=HELD)
    def take(self) -> tuple[int, int]:
        used = {*self.holders, *self.idle}
        if len(self.holders) == SIZE:
            with pytest.raises(MemoryError):
                self.pool.take()
            return -1, -1
        block = self.pool.take()
        assert block not in self.holders
        if self.idle and len(used) >= BUDGET:
            assert block == self.forget_oldest()
        else:
            assert block not in used
        self.holders[block] = 1
        return self.era, block

    @rule(target=HELD, name=strategies.sampled_from(NAMES))
    def find(self, name: bytes) -> tuple[int, int]:
        block = self.pool.find(name)
        assert block == self.names.get(name)
        if block is None:
            return -1, -1
        if block in self.idle:
            self.idle.remove(block)
        self.holders[block] = self.holders.get(block, 0) + 1
        return self.era, block

    @rule(held=HELD, target=HELD)
    def share(self, held: tuple[int, int]) -> tuple[int, int]:
        _, block = held
        if not self.holds(held) or block not in self.holders:
            return -1, -1
        self.pool.hold(block)
        self.holders[block] += 1
        return held

    @rule(held=consumes(HELD))
    def give_back(self, held: tuple[int, int]) -> None:
        _, block = held
        if not self.holds(held):
            return
        self.pool.give_back(block)
        self.holders[block] -= 1
        if not self.holders[block]:
            del self.holders[block]
            if block in self.names.values():
                self.idle.append(block)
                if len(self.holders) + len(self.idle) > BUDGET:
                    self.forget_oldest()

    @rule(held=HELD, name=strategies.sampled_from(NAMES))
    def remember(self, held: tuple[int, int], name: bytes) -> None:
        _, block = held
        if not self.holds(held) or block not in self.holders:
            return
        self.pool.remember(block, name)
        if name not in self.names and block not in self.names.values():
            self.names[name] = block

    @rule(block=strategies.integers(0, SIZE - 1))
    def forget(self, block: int) -> None:
        self.pool.forget(block)
        self.names = {name: other for name, other in self.names.items() if other != block}
        if block in self.idle:
            self.idle.remove(block)

    @rule()
    def forget_all(self) -> None:
        self.pool.forget_all()
        self.holders, self.names, self.idle = {}, {}, []
        self.era += 1

    @invariant()
    def every_block_is_somewhere(self) -> None:
        assert self.pool.available == BUDGET - len(self.holders)
        assert self.pool.in_use == len(self.holders) + len(self.idle)
        assert self.pool.in_use <= max(BUDGET, len(self.holders))


PoolMachine.TestCase.settings = settings(
    max_examples=150, stateful_step_count=60, suppress_health_check=[HealthCheck.too_slow]
)
TestPool = PoolMachine.TestCase


def test_of_what_is_remembered_the_longest_idle_goes_first() -> None:
    pool = BlockPool(3, 3)
    for name in NAMES[:3]:
        pool.remember(pool.take(), name)
    first, second, third = (pool.find(name) for name in NAMES[:3])
    for block in (second, third, first, second, third, first):
        pool.give_back(block)
    assert [pool.take() for _ in range(2)] == [second, third]
    assert [pool.find(name) for name in NAMES[:3]] == [first, None, None]


def test_names_tell_texts_apart_by_their_whole_past() -> None:
    tokens = range(16)
    first = name_block(BEGINNING, tokens)
    assert first == name_block(BEGINNING, tuple(tokens))
    other_past, other_token = name_block(first, tokens), name_block(BEGINNING, [*range(15), 16])
    assert len({first, other_past, other_token, name_block(other_past, tokens)}) == 4
