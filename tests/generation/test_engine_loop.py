"""How the loop uses a runner: nothing is leaked, nobody is overtaken, steps stay short."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest
from structlog.testing import capture_logs

from config.sampling import SamplingOptions
from generation.detokenizer import Detokenizer
from generation.engine_loop import EngineLoop
from generation.request_stream import RequestStream
from generation.scheduler import Scheduler
from generation.sequence import PromptGroup
from generation.types import PromptScored, SampleEnded, TextGenerated
from tests.fakes.engine_requests import build_request
from tests.fakes.recording_runner import LikeliestSampler, RecordingRunner
from tests.fakes.tiny_models import build_byte_level_tokenizer

END = frozenset({256})
FAILURES = ("open", "prefill", "score", "adopt", "decode", "numbers")


@pytest.fixture(autouse=True)
def logs() -> Iterator[None]:
    """Failures on purpose are logged with all their frames, which takes longer than the tests."""
    with capture_logs():
        yield


class Desk:
    """A loop that is stepped by hand, and the requests given to it."""

    def __init__(self, runner: RecordingRunner, max_running: int = 4) -> None:
        self.runner = runner
        runner.sampler = LikeliestSampler()
        self.loop = EngineLoop(runner, Scheduler(max_running), END)
        self._detokenizer = Detokenizer(build_byte_level_tokenizer())

    def ask(self, prompt: Sequence[int], length: int = 5, samples: int = 1, *, scored: bool = False) -> PromptGroup:
        options = SamplingOptions(seed=1, length=length, samples=samples)
        request = build_request(tuple(prompt), options, prompt_logprobs=scored)
        stream = RequestStream(asyncio.get_running_loop())
        group = PromptGroup(request, request.prompt_token_ids, stream, self._detokenizer)
        self.loop.scheduler.add(group)
        return group

    def step(self, times: int = 1) -> None:
        for _ in range(times):
            self.loop.step()
            self.loop.hand_over()

    def finish(self) -> None:
        for _ in range(2000):
            if self.loop.scheduler.idle:
                return
            self.step()
        raise AssertionError("it never ends")


async def text_of(group: PromptGroup) -> dict[int, str]:
    """Raises what ended the request."""
    texts: dict[int, str] = {}
    ends: list[int] = []
    async for event in group.stream.events():
        if isinstance(event, TextGenerated):
            texts[event.sample] = texts.get(event.sample, "") + event.text
        elif isinstance(event, SampleEnded):
            ends.append(event.sample)
    assert sorted(ends) == list(range(group.request.options.samples))
    return texts


async def outcome_of(group: PromptGroup) -> dict[int, str] | None:
    """None for a request that failed."""
    try:
        return await text_of(group)
    except Exception:
        return None


@pytest.mark.parametrize("seed", range(40))
async def test_whatever_happens_everything_is_given_back_once_and_texts_are_right(seed: int) -> None:
    chance = random.Random(seed)
    runner = RecordingRunner(room=chance.choice((60, 150, 10**9)), scoring_reads=chance.random() < 0.5)
    desk = Desk(runner, max_running=chance.choice((1, 3, 6)))
    asked: list[PromptGroup] = []
    aborted: set[PromptGroup] = set()
    for _ in range(120):
        if chance.random() < 0.3:
            prompt = [chance.randrange(256) for _ in range(chance.choice((1, 5, 16, 17, 40)))]
            group = desk.ask(prompt, chance.randrange(1, 12), chance.choice((1, 1, 3, 8)), scored=chance.random() < 0.3)
            asked.append(group)
        if chance.random() < 0.08 and asked:
            aborted.add(group := chance.choice(asked))
            desk.loop.abort(group.stream)
        if chance.random() < 0.08:
            runner.failures.append(chance.choice(FAILURES))
        desk.step()
    runner.failures.clear()
    desk.finish()
    assert runner.empty
    assert runner.counts["opened"] == runner.counts["closed"] > 0
    assert runner.counts["adopted"] == runner.counts["released"] > 0
    assert (desk.loop.scheduler.waiting_count, desk.loop.scheduler.remaining_tokens) == (0, 0)
    assert runner.longest_prefill <= runner.chunk
    await check_texts([group for group in asked if group not in aborted])


async def check_texts(groups: Sequence[PromptGroup]) -> None:
    for group in groups:
        texts = await outcome_of(group)
        if texts is None:
            continue
        alone = Desk(RecordingRunner(), max_running=1)
        options = group.request.options
        again = alone.ask(group.token_ids, options.length, options.samples)
        alone.finish()
        assert texts == await text_of(again)


async def test_prompts_are_opened_in_their_turn_and_closed_when_their_samples_have_started() -> None:
    desk = Desk(RecordingRunner(), max_running=2)
    desk.ask([1] * 20, samples=3)
    desk.ask([2])
    assert desk.runner.counts["opened"] == 0
    desk.step()
    assert (desk.runner.counts["opened"], desk.runner.counts["adopted"]) == (1, 0)
    desk.step()
    assert (desk.runner.counts["adopted"], desk.runner.counts["closed"]) == (2, 0)
    desk.finish()
    assert desk.runner.opened == [(1,) * 20, (2,)]
    assert desk.runner.counts["closed"] == 2


async def test_who_finds_no_room_waits_and_nobody_overtakes() -> None:
    desk = Desk(RecordingRunner(room=20))
    small, large, later = desk.ask([1], length=9), desk.ask([2], length=18), desk.ask([3], length=3)
    desk.step()
    assert desk.runner.opened == [(1,)]
    while not small.finished:
        desk.step()
        assert desk.runner.opened == [(1,)] or small.finished
    desk.finish()
    assert desk.runner.opened == [(1,), (2,), (3,)]
    assert large.finished
    assert later.finished


async def test_more_than_there_is_room_for_runs_alone() -> None:
    desk = Desk(RecordingRunner(room=5))
    groups = [desk.ask([1, 2, 3], length=30, samples=2), desk.ask([4] * 40)]
    desk.finish()
    assert all(group.finished for group in groups)


async def test_a_step_takes_at_most_a_chunk_of_prompts() -> None:
    desk = Desk(RecordingRunner(chunk=16))
    for length in (10, 5, 6, 40):
        desk.ask([length] * length, length=50)
    seen = [0]
    for _ in range(6):
        desk.step()
        seen.append(desk.loop.totals.prompt_tokens)
    assert [after - before for before, after in pairwise(seen)] == [15, 6, 16, 16, 8, 0]


@pytest.mark.parametrize("scoring_reads", [False, True])
async def test_prompts_on_their_way_survive_what_wipes_the_memory(scoring_reads: bool) -> None:
    desk = Desk(RecordingRunner(scoring_reads=scoring_reads))
    running = desk.ask([1], length=50)
    desk.step()
    reading = desk.ask([2] * 40, scored=True)
    desk.step(4)
    desk.runner.failures.append("decode")
    desk.finish()
    assert await outcome_of(running) is None
    assert await text_of(reading)
    assert desk.runner.empty


@pytest.mark.parametrize("scoring_reads", [False, True])
@pytest.mark.parametrize("steps", range(5))
async def test_a_prompt_that_is_read_anew_is_told_once(steps: int, scoring_reads: bool) -> None:
    desk = Desk(RecordingRunner(scoring_reads=scoring_reads))
    desk.ask([1], length=50)
    desk.step()
    reading = desk.ask([2] * 40, scored=True)
    desk.step(steps)
    desk.runner.failures.append("decode")
    desk.finish()
    parts = [event async for event in reading.stream.events() if isinstance(event, PromptScored)]
    assert [part.last for part in parts] == [False] * (len(parts) - 1) + [True]
    assert [token.logprob is None for part in parts for token in part.tokens] == [True] + [False] * 39
    assert max(len(part.tokens) for part in parts) <= 32


async def test_short_prompts_go_through_the_model_together() -> None:
    desk = Desk(RecordingRunner(chunk=16), max_running=8)
    for first in range(5):
        desk.ask([first + 1] * 4)
    desk.step()
    assert desk.runner.counts["passes"] == 1
    assert len(desk.loop.scheduler.running) == 4
    desk.step()
    assert desk.runner.counts["passes"] == 2
    desk.finish()
    assert desk.runner.empty


async def test_samples_that_wait_for_memory_are_not_passed_by() -> None:
    """Room for one and a half of them; who came later needs little, and would always find some."""
    desk = Desk(RecordingRunner(room=60), max_running=8)
    first = desk.ask([1] * 4, length=36, samples=2)
    later = [desk.ask([2] * 4, length=6) for _ in range(5)]
    while first.waiting:
        assert not any(group.begun for group in later)
        desk.step()
    desk.finish()
    assert desk.runner.empty


async def test_scoring_opens_a_pass_of_its_own() -> None:
    desk = Desk(RecordingRunner())
    desk.ask([1] * 20, scored=True)
    desk.step()
    assert (desk.runner.counts["opened"], desk.runner.counts["closed"]) == (1, 0)
    desk.step()
    assert (desk.runner.counts["opened"], desk.runner.counts["closed"]) == (1, 1)
    desk.step()
    assert (desk.runner.counts["opened"], desk.runner.counts["closed"]) == (2, 1)
    desk.finish()
    assert desk.runner.counts["closed"] == 2
    assert desk.loop.totals.prompt_tokens == 20


@pytest.mark.parametrize("length", [1, 7, 8, 9, 16, 17, 40])
async def test_where_scoring_reads_a_prompt_goes_through_once(length: int) -> None:
    desk = Desk(RecordingRunner(scoring_reads=True))
    asking = desk.ask([3] * length, scored=True)
    plain = desk.ask([3] * length)
    desk.finish()
    assert await text_of(asking) == await text_of(plain)
    assert desk.runner.counts["opened"] == desk.runner.counts["closed"] == 2
    assert desk.loop.totals.prompt_tokens == 2 * length


async def test_short_prompts_are_scored_together() -> None:
    desk = Desk(RecordingRunner(chunk=16, scoring_reads=True), max_running=8)
    for first in range(4):
        desk.ask([first + 1] * 4, scored=True)
    desk.step()
    assert desk.runner.counts["passes"] == 2
    assert len(desk.loop.scheduler.running) == 4
    desk.finish()
    assert desk.runner.empty
