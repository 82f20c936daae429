"""Whoever goes away, whenever: no job goes on that nobody hears of, and no stream that nobody ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from backends.aws.backend import AwsBackend
from backends.aws.client.jobs import JobsClient
from backends.aws.client.transport import Answer, Question
from backends.aws.jobs.job import JobEnd, JobState
from backends.protocol import TextDelta
from config.errors import BackendUnavailable, DeadlineExceeded, EngineFailed
from tests.backends.contract import read, request
from tests.fakes.aws_plane import Plane, PlaneTransport


@dataclass
class SlowTransport:
    """Answers of these methods come when the gate opens: the question itself arrives at once."""

    inner: PlaneTransport
    methods: set[str]
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    closed: bool = False

    async def ask(self, question: Question) -> Answer:
        assert not self.closed
        answer = await self.inner.ask(question)
        if question.method in self.methods:
            self.arrived.set()
            await self.gate.wait()
        return answer

    async def aclose(self) -> None:
        self.closed = True


@pytest.fixture
def plane() -> Plane:
    return Plane()


def slow(plane: Plane, *methods: str) -> tuple[AwsBackend, SlowTransport]:
    transport = SlowTransport(PlaneTransport(plane.api()), set(methods))
    return AwsBackend("aws", JobsClient("aws", transport, pauses_s=()), grace_s=0.05), transport


async def eventually(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 (another task's state)
            await asyncio.sleep(0.005)


def states(plane: Plane) -> list[JobState]:
    return [job.state for job in plane.jobs.jobs.values()]


@pytest.mark.parametrize("how", ["cancelled", "closed with its backend"])
async def test_a_submit_nobody_waits_for_is_taken_back_once_its_answer_is_there(plane: Plane, how: str) -> None:
    backend, transport = slow(plane, "POST")
    reader = asyncio.create_task(read(backend, request()))
    await transport.arrived.wait()
    closing = None
    if how == "cancelled":
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
    else:
        closing = asyncio.create_task(backend.aclose())
        assert isinstance((await reader).error, BackendUnavailable)
    assert states(plane) == ["queued"]
    transport.gate.set()
    await eventually(lambda: states(plane) == ["cancelled"])
    await (closing or backend.aclose())
    assert transport.closed


async def test_closing_takes_back_what_is_open_before_it_hangs_up(plane: Plane) -> None:
    backend, transport = slow(plane)
    waiting = asyncio.create_task(read(backend, request()))
    await eventually(lambda: bool(plane.jobs.jobs))
    unread = backend.stream(request())
    await anext(unread)
    assert states(plane) == ["queued", "queued"]
    await backend.aclose()
    assert states(plane) == ["cancelled", "cancelled"]
    assert isinstance((await waiting).error, BackendUnavailable)
    with pytest.raises(BackendUnavailable):
        await anext(unread)
    assert transport.closed


async def test_a_cancel_that_fails_keeps_nobody(plane: Plane) -> None:
    backend, _ = slow(plane)
    events = backend.stream(request())
    await anext(events)
    plane.jobs.cancel = _broken  # type: ignore[method-assign]
    await events.aclose()
    await backend.aclose()
    assert states(plane) == ["queued"]


def _broken(*_: object) -> None:
    raise BackendUnavailable("AWS doesn't allow that.")


async def test_a_stream_that_ended_cancels_nothing(plane: Plane) -> None:
    backend, transport = slow(plane, "DELETE")
    reader = asyncio.create_task(read(backend, request()))
    await eventually(lambda: bool(plane.jobs.jobs))
    (job,) = plane.jobs.jobs.values()
    plane.jobs.resolve(job, JobEnd("done", time.time()))
    assert (await reader).error is None
    await backend.aclose()
    assert not transport.arrived.is_set()


async def test_a_job_that_never_ends_is_given_up_by_its_reader(plane: Plane) -> None:
    """Though somebody holds on to it and says so; the API's own answers hang, too."""
    backend, transport = slow(plane, "GET")
    reader = asyncio.create_task(read(backend, request(deadline_s=0.1)))
    await eventually(lambda: bool(plane.jobs.jobs))
    (job,) = plane.jobs.jobs.values()
    held = plane.jobs.lease(job.id, "a", time.time())
    plane.jobs.write(held, [TextDelta(0, "Once")], time.time())
    transport.gate.set()
    result = await reader
    assert isinstance(result.error, DeadlineExceeded)
    assert result.error.sentence == "It took longer than the 0.1 s allowed; the text so far is kept."
    assert result.texts == {0: "Once"}
    await backend.aclose()
    asked_to_stop = plane.jobs.jobs[job.id]
    assert asked_to_stop.cancel_requested
    plane.jobs.resolve(asked_to_stop, JobEnd("cancelled", time.time()))  # lets go who still looks at it


async def test_a_job_that_is_gone_is_an_error_of_the_engine(plane: Plane) -> None:
    backend, _ = slow(plane)
    reader = asyncio.create_task(read(backend, request()))
    await eventually(lambda: bool(plane.jobs.jobs))
    plane.jobs.jobs.clear()
    error = (await reader).error
    assert isinstance(error, EngineFailed)
    assert error.sentence == "aws has lost this request; the text so far is kept."
    await backend.aclose()


async def test_who_asks_how_it_is_while_it_closes_is_told_so(plane: Plane) -> None:
    backend, transport = slow(plane, "GET")
    asking = asyncio.create_task(backend.health())
    await transport.arrived.wait()
    await backend.aclose()
    assert (await asking).detail == "aws is closed."


async def test_a_page_that_looks_on_hears_of_a_job_at_once(plane: Plane) -> None:
    plane.deployment = plane.deployment.model_copy(update={"mode": "ec2", "instance_id": "i-1"})
    backend, _ = slow(plane)
    assert (await backend.health()).state == "asleep"
    events = backend.stream(request())
    await anext(events)
    assert (await backend.health()).state == "starting"
    await events.aclose()
    await backend.aclose()
