from __future__ import annotations

import asyncio
import time

import pytest

from backends.protocol import Progress
from bots.presenter import present
from bots.reply import LiveReply, LostReply
from bots.views import ResultView
from tests.fakes.recording_reply import RecordingReply
from tests.fakes.requests import make_request


def view(position: int | None = None) -> ResultView:
    """Distinct for each position; None is the view of a request that can start."""
    return present(make_request(), (), None if position is None else Progress("queued", position))


def opened(reply: RecordingReply, patience_s: float = 5.0) -> LiveReply:
    live = LiveReply(reply, patience_s)
    live.open(view())
    return live


async def test_gives_the_reference_of_what_it_opened() -> None:
    live = opened(RecordingReply("m-7"))
    assert await live.opened() == "m-7"
    await live.aclose()


async def test_opens_before_anything_else() -> None:
    reply = RecordingReply()
    gate = reply.hold("open")
    live = opened(reply)
    live.show(view(3))
    finishing = asyncio.create_task(live.finish(view(4)))
    await reply.until_begun("open")
    gate.set()
    assert await finishing
    assert reply.kinds == ["open", "finish"]
    assert reply.most_in_flight == 1


async def test_one_update_in_flight_and_the_newest_wins() -> None:
    reply = RecordingReply()
    gate = reply.hold("update")
    live = opened(reply)
    live.show(view(1))
    await reply.until_begun("update")
    for position in range(2, 9):
        live.show(view(position))
    gate.set()
    await reply.until(lambda reply: len(reply.calls) == 3)
    await live.finish(view(9))
    assert reply.views == [view(), view(1), view(8), view(9)]
    assert reply.most_in_flight == 1


async def test_the_final_view_comes_after_the_one_in_flight() -> None:
    reply = RecordingReply()
    gate = reply.hold("update")
    live = opened(reply)
    live.show(view(1))
    await reply.until_begun("update")
    finishing = asyncio.create_task(live.finish(view(2)))
    await asyncio.sleep(0)
    assert "finish" not in reply.begun
    gate.set()
    assert await finishing
    assert reply.kinds == ["open", "update", "finish"]


async def test_the_same_view_is_not_shown_again() -> None:
    reply = RecordingReply()
    live = opened(reply)
    live.show(view())
    live.show(view(1))
    await reply.until(lambda reply: len(reply.calls) == 2)
    live.show(view(1))
    await live.finish(view(2))
    assert reply.kinds == ["open", "update", "finish"]


async def test_keeps_the_platforms_interval_between_updates() -> None:
    reply = RecordingReply(min_interval_s=0.2)
    live = opened(reply)
    live.show(view(1))
    await reply.until(lambda reply: len(reply.calls) == 2)
    before = time.monotonic()
    live.show(view(2))
    await reply.until(lambda reply: len(reply.calls) == 3)
    assert time.monotonic() - before > 0.15
    await live.finish(view(3))


async def test_the_final_view_does_not_wait_for_the_interval() -> None:
    reply = RecordingReply(min_interval_s=60.0)
    live = opened(reply)
    live.show(view(1))
    await reply.until(lambda reply: len(reply.calls) == 2)
    async with asyncio.timeout(5):
        assert await live.finish(view(2))


@pytest.mark.parametrize("call", ["open", "update"])
async def test_a_refused_call_does_not_prevent_the_next(call: str) -> None:
    reply = RecordingReply(errors={call: RuntimeError("no")})  # type: ignore[dict-item]
    live = opened(reply)
    live.show(view(1))
    await reply.until_begun("update")
    assert await live.finish(view(2))
    assert reply.final == view(2)


async def test_says_when_the_final_view_was_refused() -> None:
    live = opened(RecordingReply(errors={"finish": RuntimeError("no")}))
    assert not await live.finish(view(1))


async def test_gives_up_calls_that_hang() -> None:
    reply = RecordingReply()
    for call in ("open", "update", "finish"):
        reply.hold(call)  # type: ignore[arg-type]
    live = opened(reply, patience_s=0.05)
    live.show(view(1))
    await reply.until_begun("update")
    async with asyncio.timeout(5):
        assert not await live.finish(view(2))
    assert reply.begun == ["open", "update", "finish"]
    assert reply.calls == []


async def test_closing_ends_everything_in_flight() -> None:
    reply = RecordingReply()
    reply.hold("open")
    live = opened(reply)
    live.show(view(1))
    waiting = asyncio.create_task(live.finish(view(2)))
    await reply.until_begun("open")
    await live.aclose()
    assert not await waiting
    assert await live.opened() is None
    assert len(asyncio.all_tasks()) == 1


async def test_cancelling_who_waits_for_the_end_does_not_cancel_the_showing() -> None:
    reply = RecordingReply()
    gate = reply.hold("finish")
    live = opened(reply)
    waiting = asyncio.create_task(live.finish(view(1)))
    await reply.until_begun("finish")
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    gate.set()
    await reply.until(lambda reply: "finish" in reply.kinds)


async def test_a_lost_place_takes_everything() -> None:
    live = LiveReply(LostReply("m-1"))
    live.open(view())
    assert await live.opened() == "m-1"
    live.show(view(1))
    assert await live.finish(view(2))
