"""What one completion's stream shows on its way to the core: when things happened, and what went wrong.

The core keeps an error as the sentence it showed; the exit code needs the error itself.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from backends.explanation import Explanation, explainer_of
from backends.protocol import (
    Backend,
    BackendHealth,
    BackendRegistry,
    CompletionEvent,
    CompletionRequest,
    Progress,
    SampleFinished,
    TextDelta,
)


class Observation:
    """Times are in seconds since it was made."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self.ready_s: float | None = None
        """When the prompt's turn came: the model awake, nobody ahead."""
        self.first_text_s: float | None = None
        self.ended_s: float | None = None
        self.error: Exception | None = None
        self.detail = ""
        """What the backend says about its starting."""

    def begin(self) -> None:
        self.error = None
        self.first_text_s = None
        self.ready_s = self._now()

    def see(self, event: CompletionEvent) -> None:
        now = self._now()
        if isinstance(event, Progress):
            self.ready_s = None if event.stage != "running" else now
        elif self.ready_s is None:
            self.ready_s = now
        if isinstance(event, TextDelta) and self.first_text_s is None:
            self.first_text_s = now
        if isinstance(event, SampleFinished):
            self.ended_s = now

    def end(self, error: Exception | None = None) -> None:
        self.error = error
        self.ended_s = self._now()

    def _now(self) -> float:
        return time.monotonic() - self._began


class ObservedBackend:
    """A backend whose streams are watched."""

    def __init__(self, backend: Backend, observation: Observation) -> None:
        self._backend = backend
        self._observation = observation

    @property
    def name(self) -> str:
        return self._backend.name

    async def stream(self, request: CompletionRequest) -> AsyncGenerator[CompletionEvent, None]:
        self._observation.begin()
        try:
            async with aclosing(self._backend.stream(request)) as events:
                async for event in events:
                    self._observation.see(event)
                    if isinstance(event, Progress) and event.stage == "starting":
                        self._observation.detail = (await self._backend.health()).detail
                    yield event
        except Exception as error:
            self._observation.end(error)
            raise
        self._observation.end()

    @property
    def explains(self) -> bool:
        return explainer_of(self._backend) is not None

    async def explain(self, request: CompletionRequest, text: str | None) -> Explanation:
        explainer = explainer_of(self._backend)
        assert explainer is not None, "asked only when it explains"
        return await explainer.explain(request, text)

    async def models(self) -> tuple[str, ...]:
        return await self._backend.models()

    async def health(self) -> BackendHealth:
        return await self._backend.health()

    async def start(self) -> None:
        await self._backend.start()

    async def aclose(self) -> None:
        await self._backend.aclose()


class ObservedBackends:
    """A registry whose backends are watched."""

    def __init__(self, backends: BackendRegistry, observation: Observation) -> None:
        self._backends = backends
        self._observation = observation

    @property
    def names(self) -> tuple[str, ...]:
        return self._backends.names

    def get(self, name: str | None) -> Backend:
        return ObservedBackend(self._backends.get(name), self._observation)
