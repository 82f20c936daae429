"""Asking an engine for text, and what came of it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

from config.sampling import SamplingOptions
from generation.types import (
    Engine,
    GenerationEvent,
    GenerationRequest,
    PromptScored,
    SampleEnded,
    TextGenerated,
    TokenLogprob,
)

_numbers = itertools.count()


@dataclass
class Answer:
    """A request's events, put together by sample."""

    texts: dict[int, str] = field(default_factory=dict)
    ends: dict[int, SampleEnded] = field(default_factory=dict)
    tokens: dict[int, list[TokenLogprob]] = field(default_factory=dict)
    prompt: PromptScored | None = None

    def add(self, event: GenerationEvent) -> None:
        if isinstance(event, PromptScored):
            assert not self.texts
            before = () if self.prompt is None else self.prompt.tokens
            assert self.prompt is None or not self.prompt.last
            self.prompt = PromptScored(before + event.tokens, event.last)
        elif isinstance(event, TextGenerated):
            assert event.sample not in self.ends
            self.texts[event.sample] = self.texts.get(event.sample, "") + event.text
            self.tokens.setdefault(event.sample, []).extend(event.tokens)
        else:
            assert event.sample not in self.ends
            self.ends[event.sample] = event
            self.texts.setdefault(event.sample, "")


def build_request(prompt_ids: tuple[int, ...], options: SamplingOptions | None = None, **extras) -> GenerationRequest:
    return GenerationRequest(f"request-{next(_numbers)}", prompt_ids, options or SamplingOptions(seed=1), **extras)


async def collect(engine: Engine, request: GenerationRequest, started: asyncio.Event | None = None) -> Answer:
    """Everything of one request; sets `started` at its first event."""
    answer = Answer()
    async for event in engine.generate(request):
        if started is not None:
            started.set()
        answer.add(event)
    return answer


async def collect_in_turn(engine: Engine, requests: Sequence[GenerationRequest]) -> list[Answer]:
    """Each request joins when the one before it has shown its first event."""
    started = [asyncio.Event() for _ in requests]

    async def join(place: int, request: GenerationRequest) -> Answer:
        if place:
            await started[place - 1].wait()
        return await collect(engine, request, started[place])

    return await asyncio.gather(*(join(place, request) for place, request in enumerate(requests)))
