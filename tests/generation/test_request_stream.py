"""Streams are told what came in frames: nothing is lost, nothing waits that is first or last."""

from __future__ import annotations

import asyncio

from generation.request_stream import Outbox, RequestStream
from generation.types import GenerationEvent, SampleEnded, TextGenerated, TokenLogprob

NEVER = 3600.0


def ended(sample: int) -> SampleEnded:
    return SampleEnded(sample, "length", None, 3)


async def heard(stream: RequestStream) -> list[GenerationEvent]:
    """What has been handed over so far."""
    await asyncio.sleep(0)
    events = list(stream._pending)
    stream._pending.clear()
    return events


async def test_the_first_text_is_told_at_once_and_what_follows_within_a_frame_together() -> None:
    stream, outbox = RequestStream(asyncio.get_running_loop()), Outbox(NEVER)
    outbox.put(stream, [TextGenerated(0, "a")])
    outbox.flush()
    assert await heard(stream) == [TextGenerated(0, "a")]
    for text in "bcd":
        outbox.put(stream, [TextGenerated(0, text)])
        outbox.flush()
    assert await heard(stream) == []
    outbox.put(stream, [TextGenerated(0, "e"), ended(0)])
    outbox.end(stream)
    outbox.flush()
    assert await heard(stream) == [TextGenerated(0, "bcde"), ended(0)]
    assert stream.ended


async def test_a_frame_later_more_is_told() -> None:
    stream, outbox = RequestStream(asyncio.get_running_loop()), Outbox(0.0)
    for text in "abc":
        outbox.put(stream, [TextGenerated(0, text)])
        outbox.flush()
        assert await heard(stream) == [TextGenerated(0, text)]


async def test_samples_and_their_log_probabilities_are_joined_each_by_itself() -> None:
    stream, outbox = RequestStream(asyncio.get_running_loop()), Outbox(NEVER)
    one, two = TokenLogprob(1, -1.0), TokenLogprob(2, -2.0)
    outbox.put(stream, [TextGenerated(0, "a", (one,)), TextGenerated(1, "x", (two,))])
    outbox.put(stream, [TextGenerated(0, "b", (two,)), ended(0)])
    outbox.put(stream, [TextGenerated(1, "y", (one,)), ended(1)])
    outbox.end(stream)
    outbox.flush()
    assert await heard(stream) == [
        TextGenerated(0, "ab", (one, two)),
        TextGenerated(1, "xy", (two, one)),
        ended(0),
        ended(1),
    ]


async def test_nothing_is_told_to_who_was_forgotten() -> None:
    stream, outbox = RequestStream(asyncio.get_running_loop()), Outbox(0.0)
    outbox.put(stream, [TextGenerated(0, "a")])
    outbox.forget(stream)
    outbox.flush()
    assert await heard(stream) == []


def test_who_listens_no_more_is_noticed_before_the_frame_is_over() -> None:
    loop = asyncio.new_event_loop()
    stream, outbox = RequestStream(loop), Outbox(NEVER)
    outbox.put(stream, [TextGenerated(0, "a")])
    assert outbox.flush() == []
    outbox.put(stream, [TextGenerated(0, "b")])
    loop.close()
    assert outbox.flush() == [stream]
