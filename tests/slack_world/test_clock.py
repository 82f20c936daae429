"""The fake's time moves in order."""

from __future__ import annotations

import asyncio

from tests.fakes.slack_world.changes import Changes
from tests.fakes.slack_world.clock import Clock


async def test_alarms_ring_in_order_each_at_its_moment() -> None:
    clock = Clock()
    rung: list[tuple[str, int]] = []
    start = clock.now()

    def ring(name: str) -> None:
        rung.append((name, round(clock.now() - start)))

    def ring_and_set() -> None:
        ring("b")
        clock.after(5, lambda: ring("c"))

    clock.after(20, lambda: ring("d"))
    clock.after(10, ring_and_set)
    clock.after(3, lambda: ring("a"))
    clock.after(4, lambda: ring("never")).cancel()
    clock.advance(19)
    assert rung == [("a", 3), ("b", 10), ("c", 15)]
    clock.advance(1.1)
    assert rung[-1] == ("d", 20)
    clock.stop()


async def test_alarms_ring_by_themselves_until_it_stops() -> None:
    clock, rung = Clock(), asyncio.Event()
    clock.after(0.01, rung.set)
    await asyncio.wait_for(rung.wait(), 1)
    clock.stop()
    clock.after(0, lambda: rung.clear())
    clock.advance(10)
    assert rung.is_set()


async def test_timestamps_are_never_the_same_twice() -> None:
    clock = Clock()
    stamps = [clock.ts() for _ in range(1000)]
    assert stamps == sorted(set(stamps))
    assert len(stamps[0].partition(".")[2]) == 6


async def test_waiting_wakes_with_what_happens() -> None:
    changes, held = Changes(), []
    waiting = asyncio.create_task(changes.until(lambda: held))
    await asyncio.sleep(0)
    held.append(1)
    changes.announce()
    assert await waiting == [1]
