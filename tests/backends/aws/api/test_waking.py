"""Who is told of a job, whatever can't be told."""

from __future__ import annotations

from typing import Any

import pytest

from backends.aws.api.waking import AGAIN_S, AWAKE_S
from backends.aws.calls import AwsFailed
from backends.aws.jobs.protocol import Host
from backends.aws.machine.protocol import Power
from tests.backends.aws.api.asked import Asked


def broken(*_: Any) -> Any:
    raise AwsFailed("AWS is throttling that.", "Throttling", 5.0)


@pytest.mark.parametrize("part", ["queue.send", "hosts.call", "machine.wake", "ticks.soon", "spare.send"])
def test_one_that_cant_be_told_keeps_no_other_from_it(asked: Asked, part: str) -> None:
    asked.hosts.beat(Host("worker", state="draining"))
    asked.machine.answers = Power("off", "AWS has none.", no_capacity=True)
    owner, call = part.split(".")
    setattr(getattr(asked, owner), call, broken)
    job_id = asked.submit()
    assert asked.job(job_id).state == "queued"
    told = {
        "queue.send": [message.job_id for message in asked.queue.receive(10, 0)] == [job_id],
        "hosts.call": asked.hosts.host("worker").wake == 1,
        "machine.wake": asked.machine.wakes == 1,
        "spare.send": [message.job_id for message in asked.spare.receive(10, 0)] == [job_id],
        "ticks.soon": asked.ticks.delays == [AGAIN_S],
    }
    unheard = {name for name, heard in told.items() if not heard}
    # Without an answer nobody knows that the machine goes, or that there is none.
    follows = {"hosts.call": {"ticks.soon"}, "machine.wake": {"spare.send"}}
    assert unheard == {part} | follows.get(part, set())


def test_a_job_that_is_known_is_told_of_again(asked: Asked) -> None:
    """Its first message may have been lost, and the one who asks again waits for it."""
    job_id = asked.submit(key="event-1")
    asked.submit(key="event-1")
    assert [message.job_id for message in asked.queue.receive(10, 0)] == [job_id, job_id]


def test_a_job_that_is_known_is_none_too_many() -> None:
    asked = Asked(max_open=1)
    job_id = asked.submit(key="event-1")
    assert asked.submit(key="event-1") == job_id
    assert asked.ask("POST", "/v1/jobs", {"prompt": "x"})[0] == 429


@pytest.mark.parametrize(
    ("state", "ago_s", "wakes"), [("up", 0, 0), ("up", AWAKE_S, 1), ("draining", 0, 1), ("down", 0, 1)]
)
def test_one_that_is_awake_is_not_woken(asked: Asked, state: str, ago_s: float, wakes: int) -> None:
    asked.hosts.beat(Host("worker", state=state, beat_at=asked.now - ago_s))
    asked.submit()
    assert asked.machine.wakes == wakes
    assert asked.hosts.host("worker").wake == 1
