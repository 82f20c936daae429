"""What every backend does, whatever is behind it. Subclasses give the fixture `subject`."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import count

import pytest

from backends.protocol import Backend, CompletionRequest, Progress, SampleFinished, TextDelta
from config.errors import BackendUnavailable, DeadlineExceeded, EngineFailed, InklingError, Overloaded, PromptTooLong
from config.sampling import SamplingOptions
from tests.fakes.completions import BREAK, BUSY, CUT, HANG

PROMPT = "the keeper of the lamp wrote a letter about the storm"
_numbers = count()


@dataclass(frozen=True)
class Subject:
    """A backend under test. It takes MAX_MODEL_LEN words, and pauses a little before each."""

    backend: Backend
    active: Callable[[], Awaitable[int]]
    """How many requests its server works on now."""


@dataclass
class Result:
    """A stream read to its end, or to its error."""

    texts: dict[int, str] = field(default_factory=lambda: defaultdict(str))
    ends: list[SampleFinished] = field(default_factory=list)
    progress: list[Progress] = field(default_factory=list)
    error: InklingError | None = None

    def end_of(self, sample: int) -> SampleFinished:
        (end,) = [end for end in self.ends if end.sample == sample]
        return end


def request(
    prompt: str = PROMPT, *, deadline_s: float = 60.0, keep_last: int | None = None, **options: object
) -> CompletionRequest:
    shape = SamplingOptions.model_validate({"seed": 7, "length": 8, **options})
    return CompletionRequest(f"r{next(_numbers)}", prompt, shape, keep_last_tokens=keep_last, deadline_s=deadline_s)


async def read(backend: Backend, asked: CompletionRequest) -> Result:
    result = Result()
    try:
        async with aclosing(backend.stream(asked)) as events:
            async for event in events:
                match event:
                    case TextDelta(sample, text):
                        assert text, "an empty delta"
                        assert sample not in {end.sample for end in result.ends}, "text after the end"
                        result.texts[sample] += text
                    case SampleFinished():
                        result.ends.append(event)
                    case Progress():
                        assert not result.texts, "progress after text"
                        result.progress.append(event)
    except InklingError as error:
        result.error = error
    return result


async def complete(backend: Backend, asked: CompletionRequest) -> Result:
    result = await read(backend, asked)
    if result.error is not None:
        raise result.error
    return result


async def eventually(active: Callable[[], Awaitable[int]], expected: int) -> None:
    async with asyncio.timeout(20):
        while await active() != expected:  # noqa: ASYNC110 (another process's state)
            await asyncio.sleep(0.01)


async def first_text(events: AsyncIterator[object]) -> TextDelta:
    async for event in events:
        if isinstance(event, TextDelta):
            return event
    raise AssertionError("the stream ended without text")


class BackendContract:
    """Holds for all of them, the one without a server too."""

    async def test_streams_each_sample_to_one_end(self, subject: Subject) -> None:
        result = await complete(subject.backend, request(samples=3))
        assert sorted(end.sample for end in result.ends) == [0, 1, 2]
        for sample in range(3):
            assert len(result.texts[sample].split()) == 8
            assert result.end_of(sample) == SampleFinished(sample, "length", None, 8)

    async def test_same_seed_gives_same_text(self, subject: Subject) -> None:
        first, again, other = [await complete(subject.backend, request(seed=seed)) for seed in (7, 7, 8)]
        assert first.texts == again.texts
        assert first.texts != other.texts

    async def test_a_sample_does_not_depend_on_how_many_were_asked_for(self, subject: Subject) -> None:
        together = await complete(subject.backend, request(samples=3, seed=40))
        for sample in range(3):
            alone = await complete(subject.backend, request(seed=40 + sample))
            assert alone.texts[0] == together.texts[sample]

    async def test_stop_string_ends_the_text_and_stays_out(self, subject: Subject) -> None:
        whole = (await complete(subject.backend, request(length=20))).texts[0]
        stop = whole.split()[5]
        result = await complete(subject.backend, request(length=20, stop=[stop]))
        assert result.texts[0] == whole[: whole.index(stop)]
        assert result.end_of(0).finish_reason == "stop"

    async def test_prompt_too_long_says_by_how_much(self, subject: Subject) -> None:
        with pytest.raises(PromptTooLong) as caught:
            await complete(subject.backend, request("word " * 60))
        assert (caught.value.prompt_tokens, caught.value.max_tokens, caught.value.max_model_len) == (60, 8, 64)

    async def test_keep_last_tokens_uses_the_end_of_the_prompt(self, subject: Subject) -> None:
        kept = "one two three four five"
        cut = await complete(subject.backend, request("word " * 60 + kept, keep_last=5))
        assert cut.texts == (await complete(subject.backend, request(kept))).texts

    async def test_deadline_keeps_the_text_so_far(self, subject: Subject) -> None:
        await complete(subject.backend, request())
        result = await read(subject.backend, request(length=50, deadline_s=0.35))
        assert isinstance(result.error, DeadlineExceeded)
        assert 0 < len(result.texts[0].split()) < 50

    async def test_closing_the_stream_stops_the_work(self, subject: Subject) -> None:
        async with aclosing(subject.backend.stream(request(length=50, samples=2))) as events:
            await first_text(events)
            assert await subject.active() > 0
        await eventually(subject.active, 0)

    async def test_cancelling_the_reader_stops_the_work(self, subject: Subject) -> None:
        reader = asyncio.create_task(read(subject.backend, request(length=50)))
        await eventually(subject.active, 1)
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        await eventually(subject.active, 0)

    async def test_streams_at_the_same_time_are_independent(self, subject: Subject) -> None:
        alone = [await complete(subject.backend, request(seed=seed)) for seed in range(4)]
        together = await asyncio.gather(*(complete(subject.backend, request(seed=seed)) for seed in range(4)))
        assert [result.texts for result in together] == [result.texts for result in alone]

    async def test_is_ready_and_names_its_model(self, subject: Subject) -> None:
        await subject.backend.start()
        await subject.backend.start()
        await complete(subject.backend, request())
        health = await subject.backend.health()
        assert health.state == "ready"
        assert (await subject.backend.models())[0] == health.model

    async def test_closing_the_backend_ends_open_streams(self, subject: Subject) -> None:
        reader = asyncio.create_task(read(subject.backend, request(length=50)))
        await eventually(subject.active, 1)
        await subject.backend.aclose()
        assert isinstance((await reader).error, BackendUnavailable)
        assert isinstance((await read(subject.backend, request())).error, BackendUnavailable)
        await subject.backend.aclose()


class ServerContract(BackendContract):
    """Holds where a server can fail."""

    async def test_busy_server_says_when_to_come_back(self, subject: Subject) -> None:
        with pytest.raises(Overloaded) as caught:
            await complete(subject.backend, request(BUSY))
        assert caught.value.retry_after_s == 7

    @pytest.mark.parametrize("fault", [BREAK, CUT])
    async def test_failure_in_the_middle_keeps_the_text_so_far(self, subject: Subject, fault: str) -> None:
        result = await read(subject.backend, request(f"{fault} {PROMPT}"))
        assert isinstance(result.error, EngineFailed)
        assert len(result.texts[0].split()) == 2
        assert not result.ends

    async def test_deadline_ends_a_stuck_stream(self, subject: Subject) -> None:
        await complete(subject.backend, request())
        result = await read(subject.backend, request(f"{HANG} {PROMPT}", deadline_s=0.5))
        assert isinstance(result.error, DeadlineExceeded)
        await eventually(subject.active, 0)
