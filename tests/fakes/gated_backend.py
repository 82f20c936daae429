"""A backend that does nothing by itself: the test says what each stream brings, and when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from backends.protocol import (
    BackendHealth,
    CompletionEvent,
    CompletionRequest,
    FinishReason,
    SampleFinished,
    TextDelta,
)

MODEL = "gated-1"


class GatedRun:
    """One stream. Everything put here comes out in order; an exception put here is raised."""

    def __init__(self, request: CompletionRequest) -> None:
        self.request = request
        self.closed = asyncio.Event()
        """Set when the stream was left: read to its end, failed or cancelled."""
        self.cancelled = False
        self._events: asyncio.Queue[CompletionEvent | BaseException | None] = asyncio.Queue()

    def put(self, *events: CompletionEvent | BaseException) -> None:
        for event in events:
            self._events.put_nowait(event)

    def say(self, *texts: str, sample: int = 0) -> None:
        self.put(*(TextDelta(sample, text) for text in texts))

    def finish(
        self, sample: int = 0, reason: FinishReason = "length", stop: str | None = None, tokens: int = 3
    ) -> None:
        self.put(SampleFinished(sample, reason, stop, tokens))

    def end(self) -> None:
        """The stream ends."""
        self._events.put_nowait(None)

    def complete(self, *texts: str) -> None:
        """Every sample says the same and ends."""
        for sample in range(self.request.options.samples):
            self.say(*texts, sample=sample)
            self.finish(sample)
        self.end()

    async def read(self) -> AsyncGenerator[CompletionEvent, None]:
        try:
            while (event := await self._events.get()) is not None:
                if isinstance(event, BaseException):
                    raise event
                yield event
        except (asyncio.CancelledError, GeneratorExit):
            self.cancelled = True
            raise
        finally:
            self.closed.set()


class GatedBackend:
    def __init__(self, name: str = "gated", *, text: str | None = None) -> None:
        """With `text`, every stream completes at once with it; without, the test plays each of `runs`."""
        self._name = name
        self._text = text
        self._started: asyncio.Queue[GatedRun] = asyncio.Queue()
        self.runs: list[GatedRun] = []
        self.state = BackendHealth("ready", "Waits for the test.", MODEL)
        self.health_error: Exception | None = None
        self.models_error: Exception | None = None

    @property
    def name(self) -> str:
        return self._name

    @property
    def requests(self) -> list[CompletionRequest]:
        return [run.request for run in self.runs]

    async def next_run(self) -> GatedRun:
        """The next stream that was begun, waiting for it if need be."""
        async with asyncio.timeout(10):
            return await self._started.get()

    def stream(self, request: CompletionRequest) -> AsyncGenerator[CompletionEvent, None]:
        run = GatedRun(request)
        self.runs.append(run)
        self._started.put_nowait(run)
        if self._text is not None:
            run.complete(self._text)
        return run.read()

    async def models(self) -> tuple[str, ...]:
        if self.models_error is not None:
            raise self.models_error
        return (MODEL,)

    async def health(self) -> BackendHealth:
        if self.health_error is not None:
            raise self.health_error
        return self.state

    async def start(self) -> None:
        """Nothing to get ready."""

    async def aclose(self) -> None:
        """Nothing to release."""
