"""What a reader of the journal sees while a worker writes: the backend's text, byte for byte."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.aws.jobs.job import LEASE_S, Job, Mark, NewJob, Order
from backends.aws.worker.run_job import JobRunner, Pace
from backends.completions_api.client import OpenAIClient
from backends.completions_api.dialect import ENGINE
from backends.echo import EchoBackend
from backends.openai import OpenAIBackend
from backends.protocol import Backend, CompletionEvent, CompletionRequest, SampleFinished, TextDelta
from config.sampling import SamplingOptions
from tests.backends.aws.jobs.contract import HOSTILE, NOW
from tests.fakes.completions import FakeCompletions
from tests.fakes.lossy import Fault, Lossy
from tests.fakes.memory_jobs import MemoryJobs
from tests.fakes.openai_server import serve
from tests.fakes.scripted_backend import ScriptedBackend

AT_ONCE = Pace(write_s=0.0, beat_s=0.01, retry_s=0.0)


@dataclass
class Reader:
    """Asks for what came since, as the bot does; a new attempt writes anew."""

    jobs: MemoryJobs
    job_id: str
    mark: Mark = field(default_factory=Mark)
    events: list[CompletionEvent] = field(default_factory=list)

    def look(self) -> Job:
        job = self.jobs.jobs[self.job_id]
        if job.mark.attempt > self.mark.attempt:
            self.events, self.mark = [], Mark(job.mark.attempt)
        page = self.jobs.journal(job.id, self.mark, job.mark)
        self.events += page.events
        self.mark = page.upto
        return job

    async def read(self) -> dict[int, str]:
        """Each sample's text at the end; each ends once, after its text."""
        async with asyncio.timeout(30):
            while self.look().is_open:  # noqa: ASYNC110 (another task's state)
                await asyncio.sleep(0)
        return self.texts()

    def texts(self) -> dict[int, str]:
        texts: dict[int, str] = defaultdict(str)
        ended: set[int] = set()
        for event in self.events:
            assert isinstance(event, TextDelta | SampleFinished)
            assert event.sample not in ended
            if isinstance(event, TextDelta):
                texts[event.sample] += event.text
            else:
                ended.add(event.sample)
        assert len(ended) == self.jobs.jobs[self.job_id].order.options.samples
        return texts


class Told(ScriptedBackend):
    """Writes these pieces of these samples."""

    def __init__(self, pieces: Sequence[tuple[int, str]], samples: int) -> None:
        super().__init__()
        self._pieces = pieces
        self._samples = samples

    async def stream(self, request: CompletionRequest) -> AsyncGenerator[CompletionEvent, None]:
        for sample, text in self._pieces:
            await asyncio.sleep(0.001)
            yield TextDelta(sample, text)
        for sample in range(self._samples):
            yield SampleFinished(sample, "length", None, 1)


def submitted(jobs: MemoryJobs, prompt: str = "Once", samples: int = 1, length: int = 20) -> Job:
    order = Order(SamplingOptions(seed=7, length=length, samples=samples), None)
    return jobs.submit(NewJob("bot", prompt[:20] + str(len(jobs.jobs)), prompt, order, NOW, NOW + 300)).job


async def written(backend: Backend, jobs: MemoryJobs, job: Job, faults: Sequence[Fault] = ()) -> dict[int, str]:
    """What is read while a worker writes."""
    table = Lossy(jobs, faults, only=("write", "finish"))
    runner = JobRunner(table, backend, "a", lease_s=LEASE_S, pace=AT_ONCE, clock=lambda: NOW)
    reading = asyncio.create_task(Reader(jobs, job.id).read())
    await runner.run(job.id)
    return await reading


text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
pieces = st.lists(st.tuples(st.integers(0, 2), text), max_size=30)


@given(pieces=pieces, faults=st.lists(st.sampled_from(["fine", "lost", "unanswered"]), max_size=20))
@settings(max_examples=60, deadline=None)
def test_whatever_the_table_does_the_text_read_is_the_text_written(
    pieces: list[tuple[int, str]], faults: list[Fault]
) -> None:
    jobs = MemoryJobs()
    job = submitted(jobs, samples=3)
    read = asyncio.run(written(Told(pieces, 3), jobs, job, faults))
    expected: dict[int, str] = defaultdict(str)
    for sample, piece in pieces:
        expected[sample] += piece
    assert read == expected
    assert jobs.jobs[job.id].state == "done"


async def told_directly(backend: Backend, job: Job, prompt: str) -> dict[int, str]:
    texts: dict[int, str] = defaultdict(str)
    async for event in backend.stream(CompletionRequest("direct", prompt, job.order.options)):
        if isinstance(event, TextDelta):
            texts[event.sample] += event.text
    return texts


@pytest.mark.parametrize("prompt", HOSTILE, ids=range(len(HOSTILE)))
async def test_hostile_prompts_give_what_the_backend_gives(prompt: str) -> None:
    backend = EchoBackend("echo")
    jobs = MemoryJobs()
    job = submitted(jobs, prompt, samples=2)
    assert await written(backend, jobs, job) == await told_directly(backend, job, prompt)


# A body above a megabyte is something aiohttp warns of.
@pytest.mark.parametrize("prompt", [prompt[:80_000] for prompt in HOSTILE], ids=range(len(HOSTILE)))
async def test_hostile_prompts_reach_a_server_as_they_are(prompt: str) -> None:
    server = FakeCompletions(engine=True)
    async with serve(server.app()) as url:
        backend = OpenAIBackend("engine", OpenAIClient("engine", url), dialect=ENGINE)
        jobs = MemoryJobs()
        try:
            await written(backend, jobs, submitted(jobs, prompt))
        finally:
            await backend.aclose()
    (body,) = server.bodies
    assert body["prompt"] == prompt
