"""Random arrivals, lengths, stops and aborts: nothing leaks, nobody hangs, every text is the right one."""

from __future__ import annotations

import asyncio
import random

import pytest

from config.errors import Overloaded
from config.sampling import SamplingOptions
from generation.engine import BatchingEngine
from generation.types import EngineLimits, GenerationRequest, TextGenerated
from tests.fakes.engine_requests import build_request, collect
from tests.fakes.tiny_models import build_tiny_gpt2, build_tiny_llama
from tests.generation.conftest import MakeEngine


def make_request(chance: random.Random) -> GenerationRequest:
    prompt = tuple(chance.randrange(3, 250) for _ in range(chance.choice((1, 4, 30, 63, 64, 65, 257))))
    options = SamplingOptions(
        seed=chance.randrange(4),
        temperature=chance.choice((0.0, 0.8, 1.5)),
        length=chance.randrange(1, 50),
        samples=chance.choice((1, 1, 1, 3, 9)),
        stop=chance.choice(((), ("a",), ("�", "b"))),
    )
    return build_request(prompt, options)


async def use(engine: BatchingEngine, request: GenerationRequest, patience: int) -> dict[int, str] | None:
    """The texts, or None when it was refused or given up after `patience` events."""
    events = engine.generate(request)
    texts: dict[int, str] = dict.fromkeys(range(request.options.samples), "")
    try:
        async for event in events:
            patience -= 1
            if patience == 0:
                return None
            if isinstance(event, TextGenerated):
                texts[event.sample] += event.text
        return texts
    except Overloaded:
        return None
    finally:
        await events.aclose()


@pytest.mark.parametrize("build", [build_tiny_gpt2, build_tiny_llama], ids=["gpt2", "llama"])
async def test_random_load_leaves_nothing_behind(build, make_engine: MakeEngine) -> None:
    chance = random.Random(3)
    engine = make_engine(build(), EngineLimits(max_running=6, max_waiting=30))
    requests = [make_request(chance) for _ in range(40)]
    patience = [chance.choice((-1, -1, 1, 5)) for _ in requests]
    found: list[dict[int, str] | None] = []
    for first in range(0, 40, 20):
        batch = zip(requests[first : first + 20], patience[first : first + 20], strict=True)
        found += await asyncio.gather(*(use(engine, request, events) for request, events in batch))
    await collect(engine, build_request((5,), SamplingOptions(length=1, seed=1)))
    assert engine.stats().running == engine.stats().waiting == 0
    finished = [place for place, texts in enumerate(found) if texts is not None]
    assert len(finished) > 5
    for place in finished[:8]:
        answer = await collect(engine, requests[place])
        assert answer.texts == found[place]
    await engine.aclose()
