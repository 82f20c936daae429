"""Deadlines and closing: the two things that end a wait early."""

from __future__ import annotations

import asyncio

import pytest

from backends.closing import Closing
from backends.deadline import Deadline
from config.errors import BackendUnavailable, DeadlineExceeded


async def test_deadline_ends_a_wait() -> None:
    with pytest.raises(DeadlineExceeded, match=r"longer than the 0\.01 s allowed"):
        async with Deadline(0.01).enforced():
            await asyncio.Event().wait()


async def test_deadline_that_is_over_starts_no_wait() -> None:
    deadline = Deadline(0)
    with pytest.raises(DeadlineExceeded):
        async with deadline.enforced():
            raise AssertionError("it began")


async def test_deadline_leaves_other_timeouts_alone() -> None:
    with pytest.raises(TimeoutError):
        async with Deadline(30).enforced(), asyncio.timeout(0):
            await asyncio.Event().wait()


async def test_closing_ends_every_wait_and_the_next() -> None:
    closing = Closing("main")

    async def wait() -> None:
        async with closing.interruptible():
            await asyncio.Event().wait()

    waits = [asyncio.create_task(wait()) for _ in range(3)]
    await asyncio.sleep(0)
    closing.close()
    closing.close()
    ends = await asyncio.gather(*waits, wait(), return_exceptions=True)
    assert [str(end) for end in ends] == ["main is closed."] * 4
    assert all(isinstance(end, BackendUnavailable) for end in ends)
    assert closing.closed


async def test_closing_leaves_other_timeouts_and_cancellation_alone() -> None:
    closing = Closing("main")
    with pytest.raises(TimeoutError):
        async with closing.interruptible(), asyncio.timeout(0):
            await asyncio.Event().wait()
    with pytest.raises(asyncio.CancelledError):
        async with closing.interruptible():
            raise asyncio.CancelledError
