"""A backend that writes what it is told, word by word, when it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from backends.protocol import (
    BackendHealth,
    CompletionEvent,
    CompletionRequest,
    Progress,
    SampleFinished,
    TextDelta,
)
from config.errors import InklingError

STORY = (
    " a lighthouse keeper who collected the sounds of ships. He kept them in jars along the stairs, and on quiet "
    "nights he would open one, just a little, to hear the bells."
)


class ScriptedBackend:
    """`hold` makes streams wait after `after` words until `let_go`; `fail_with` makes them fail there instead."""

    def __init__(self, text: str = STORY, name: str = "local", model: str = "smollm2-135m") -> None:
        self._name = name
        self._model = model
        self.words = [f" {word}" for word in text.split()]
        self.requests: list[CompletionRequest] = []
        self.closed_streams = 0
        self.fail_with: InklingError | None = None
        self.state = BackendHealth("ready", f"{model} is ready.", model)
        self.pace_s = 0.0
        self._after = 0
        self._gate = asyncio.Event()
        self._gate.set()

    @property
    def name(self) -> str:
        return self._name

    def hold(self, after: int = 3) -> None:
        self._after = after
        self._gate.clear()

    def let_go(self) -> None:
        self._gate.set()

    async def stream(self, request: CompletionRequest) -> AsyncGenerator[CompletionEvent, None]:
        self.requests.append(request)
        try:
            yield Progress("running")
            count = min(request.options.length, len(self.words))
            for step in range(count):
                if step == self._after:
                    await self._wait()
                await asyncio.sleep(self.pace_s)
                for sample in range(request.options.samples):
                    yield TextDelta(sample, self.words[(step + sample * 7) % len(self.words)])
            for sample in range(request.options.samples):
                yield SampleFinished(sample, "length" if count == request.options.length else "stop", None, count)
        finally:
            self.closed_streams += 1

    async def _wait(self) -> None:
        if self.fail_with is not None:
            raise self.fail_with
        await self._gate.wait()

    async def models(self) -> tuple[str, ...]:
        return (self._model, "gpt2")

    async def health(self) -> BackendHealth:
        return self.state

    async def start(self) -> None:
        """Nothing to get ready."""

    async def aclose(self) -> None:
        self.let_go()
