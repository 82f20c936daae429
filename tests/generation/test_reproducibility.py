"""The hard promise: same model, options and seed give the same text, whatever else runs."""

from __future__ import annotations

import asyncio
import random

import pytest
import torch

from config.sampling import SamplingOptions
from generation.types import EngineLimits, GenerationRequest
from tests.fakes.engine_requests import build_request, collect, collect_in_turn
from tests.fakes.tiny_models import NetworkModel, build_tiny_gpt2, build_tiny_llama
from tests.generation.conftest import MakeEngine, MakeRunner

BUILDERS = {"gpt2": build_tiny_gpt2, "llama": build_tiny_llama}
KINDS = (
    {"temperature": 1.3, "top_k": 0, "top_p": 1},
    {"temperature": 0.8, "repetition_penalty": 1.2},
    {"temperature": 0},
    {"temperature": 1.0, "typical_p": 0.6, "top_k": 0},
    {"temperature": 2.0, "min_p": 0.02, "frequency_penalty": 0.4, "top_p": 0.7},
)


@pytest.fixture(params=BUILDERS, scope="module")
def loaded(request) -> NetworkModel:
    return BUILDERS[request.param]()


def requests(chance: random.Random, count: int) -> list[GenerationRequest]:
    return [
        build_request(
            tuple(chance.randrange(3, 250) for _ in range(chance.choice((1, 7, 40, 64, 90, 270)))),
            SamplingOptions(
                **KINDS[number % len(KINDS)],
                seed=chance.randrange(10**6),
                samples=chance.choice((1, 1, 2, 5)),
                length=chance.randrange(1, 60),
            ),
        )
        for number in range(count)
    ]


async def test_alone_in_company_and_on_a_small_engine_the_text_is_the_same(
    loaded: NetworkModel, make_engine: MakeEngine
) -> None:
    wanted = requests(random.Random(5), 16)
    engine, small = (make_engine(loaded, EngineLimits(rows, 200)) for rows in (16, 1))
    alone = [(await collect(engine, request)).texts for request in wanted]
    together = await asyncio.gather(*(collect(engine, request) for request in wanted))
    random.Random(6).shuffle(order := list(range(len(wanted))))
    trickling = await collect_in_turn(engine, [wanted[place] for place in order])
    assert [answer.texts for answer in together] == alone
    assert [answer.texts for answer in trickling] == [alone[place] for place in order]
    assert [(await collect(small, request)).texts for request in wanted[:6]] == alone[:6]
    await engine.aclose()
    await small.aclose()


async def test_little_memory_makes_requests_wait_and_changes_no_text(
    loaded: NetworkModel, make_engine: MakeEngine
) -> None:
    wanted = requests(random.Random(7), 10)
    ample, scant = (make_engine(loaded, EngineLimits(8, 200, cache_bytes=size)) for size in (2**28, 2**16))
    expected = await asyncio.gather(*(collect(ample, request) for request in wanted))
    found = await asyncio.gather(*(collect(scant, request) for request in wanted))
    assert [answer.texts for answer in found] == [answer.texts for answer in expected]
    await ample.aclose()
    await scant.aclose()


async def test_a_sample_is_the_same_asked_for_with_others_or_by_its_own_seed(
    loaded: NetworkModel, make_engine: MakeEngine
) -> None:
    engine = make_engine(loaded, EngineLimits(max_running=3))
    options = SamplingOptions(seed=100, samples=5, length=40, temperature=1.2)
    several = (await collect(engine, build_request((9, 8, 7), options))).texts
    for sample in range(5):
        single = options.model_copy(update={"seed": 100 + sample, "samples": 1})
        assert (await collect(engine, build_request((9, 8, 7), single))).texts[0] == several[sample]
    await engine.aclose()


def test_a_row_has_the_same_bits_at_every_place_in_every_batch(loaded: NetworkModel, make_runner: MakeRunner) -> None:
    runner = make_runner(loaded, EngineLimits(16))
    chance = random.Random(1)
    prompts = [runner.open([chance.randrange(250) for _ in range(n)]) for n in (33, 5, 63, 64, 100, 200, 310)]
    for prompt in prompts:
        while not prompt.finished:
            runner.prefill([prompt])
    seen: torch.Tensor | None = None
    for rows in (1, 2, 3, 4, 5, 7, 8, 11, 16):
        for place in {0, rows // 2, rows - 1}:
            batch = [prompts[0] if row == place else chance.choice(prompts) for row in range(rows)]
            for row, prompt in enumerate(batch):
                runner.adopt(row, prompt, len(prompt.token_ids) + 1)
            logits = runner.decode([42] * rows, [len(prompt.token_ids) for prompt in batch])[place]
            seen = logits if seen is None else seen
            assert torch.equal(logits, seen), (rows, place)
            for row in reversed(range(rows)):
                runner.release(row)
