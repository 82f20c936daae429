"""Completions without a model: the prompt's own words, reordered by the seed. For tests, demos and first steps."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass

from backends.closing import Closing
from backends.deadline import Deadline
from backends.protocol import BackendHealth, CompletionEvent, CompletionRequest, FinishReason, SampleFinished, TextDelta
from config.errors import NotFound, PromptTooLong
from config.sampling import SamplingOptions

MODEL = "echo"


@dataclass(frozen=True, slots=True)
class _Script:
    """What one sample will say, cut at its stop string."""

    deltas: tuple[str, ...]
    stop_reason: str | None

    def finished(self, sample: int) -> SampleFinished:
        reason: FinishReason = "length" if self.stop_reason is None else "stop"
        return SampleFinished(sample, reason, self.stop_reason, len(self.deltas))


class EchoBackend:
    """Deterministic: words stand in for tokens; temperature 0 repeats the prompt in order."""

    def __init__(self, name: str, *, delay_s: float = 0.0, max_model_len: int = 16_384) -> None:
        """`delay_s` is the pause before each word, so that streaming can be seen; `max_model_len` counts words."""
        self._name = name
        self._delay_s = delay_s
        self._max_model_len = max_model_len
        self._closing = Closing(name)
        self._running = 0

    @property
    def name(self) -> str:
        return self._name

    async def stream(self, request: CompletionRequest) -> AsyncGenerator[CompletionEvent, None]:
        """Round-robin over the samples, one word at a time."""
        deadline = Deadline(request.deadline_s)
        scripts = self._write(request)
        self._running += 1
        try:
            for event in _interleave(scripts):
                async with deadline.enforced(), self._closing.interruptible():
                    await asyncio.sleep(self._delay_s)
                yield event
        finally:
            self._running -= 1

    async def models(self) -> tuple[str, ...]:
        return (MODEL,)

    async def health(self) -> BackendHealth:
        if self._closing.closed:
            return BackendHealth("unavailable", f"{self._name} is closed.", MODEL)
        return BackendHealth("ready", "Repeats the prompt's words; there is no model.", MODEL, self._running)

    async def start(self) -> None:
        """Nothing to get ready."""

    async def aclose(self) -> None:
        self._closing.close()

    def _write(self, request: CompletionRequest) -> list[_Script]:
        self._closing.check()
        if request.model not in (None, MODEL):
            raise NotFound(f'{self._name} has no model "{request.model}"; it has {MODEL}.')
        words = re.findall(r"\S+", request.prompt)
        options = request.options
        if request.keep_last_tokens is not None:
            words = words[-request.keep_last_tokens :]
        if len(words) + options.length > self._max_model_len:
            raise PromptTooLong(MODEL, len(words), options.length, self._max_model_len)
        return [_script(words or ["…"], options, sample) for sample in range(options.samples)]


def _script(words: list[str], options: SamplingOptions, sample: int) -> _Script:
    chosen = _endless(words, options, sample)
    deltas = [f" {next(chosen)}" for _ in range(options.length)]
    text = "".join(deltas)
    found = [(at, stop) for stop in options.stop if (at := text.find(stop)) >= 0]
    if not found:
        return _Script(tuple(deltas), None)
    end, stop = min(found)
    return _Script(tuple(re.findall(r"\s*\S+|\s+$", text[:end])), stop)


def _endless(words: list[str], options: SamplingOptions, sample: int) -> Iterator[str]:
    order = random.Random(options.seed_of(sample))
    while True:
        yield from words if options.greedy else order.sample(words, len(words))


def _interleave(scripts: list[_Script]) -> Iterator[CompletionEvent]:
    for step in range(max(len(script.deltas) for script in scripts) + 1):
        for sample, script in enumerate(scripts):
            if step < len(script.deltas):
                yield TextDelta(sample, script.deltas[step])
            elif step == len(script.deltas):
                yield script.finished(sample)
