"""Completions from any server of the OpenAI completions API: vLLM, llama-server, TGI, Ollama, `inkling serve`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from backends.completions_api.client import DONE, OpenAIClient
from backends.completions_api.dialect import ENGINE, Dialect, completion_body, find_dialect
from backends.completions_api.errors import NoSuchPage
from backends.completions_api.explaining import ExplainQuestion
from backends.completions_api.samples import SampleReader
from backends.completions_api.wire import EngineStatus
from backends.deadline import Deadline
from backends.explanation import Explanation
from backends.merge import merge
from backends.protocol import BackendHealth, CompletionEvent, CompletionRequest
from config.errors import InklingError
from config.settings import OpenAIBackendSettings

MODELS_KEPT_S = 60.0


@dataclass(frozen=True, slots=True)
class _Offer:
    """What the server said it has, and how it wants to be talked to."""

    models: tuple[str, ...]
    dialect: Dialect
    at: float
    """When it said so, in the loop's time."""


class OpenAIBackend:
    """`model` is what to use when a request names none (None: the server's first); `dialect` None: find out."""

    def __init__(
        self, name: str, client: OpenAIClient, *, model: str | None = None, dialect: Dialect | None = None
    ) -> None:
        self._name = name
        self._client = client
        self._model = model
        self._dialect = dialect
        self._offer: _Offer | None = None
        self._asking = asyncio.Lock()

    @classmethod
    def from_settings(cls, name: str, settings: OpenAIBackendSettings) -> OpenAIBackend:
        client = OpenAIClient(
            name,
            settings.base_url,
            api_key=settings.api_key,
            connect_timeout_s=settings.connect_timeout_s,
            idle_timeout_s=settings.idle_timeout_s,
        )
        return cls(name, client, model=settings.model)

    @property
    def name(self) -> str:
        return self._name

    async def stream(self, request: CompletionRequest) -> AsyncGenerator[CompletionEvent, None]:
        """All samples in one request where the server seeds them as we do, else one request for each."""
        deadline = Deadline(request.deadline_s)
        async with deadline.enforced():
            offer = await self._offered()
        model = request.model or next(iter(offer.models), None)
        if offer.dialect.native_samples:
            parts = [self._part(request, model, offer.dialect, None, deadline)]
        else:
            samples = range(request.options.samples)
            parts = [self._part(request, model, offer.dialect, sample, deadline) for sample in samples]
        async with aclosing(merge(parts)) as events:
            async for event in events:
                yield event

    @property
    def explains(self) -> bool:
        """See `Explainer`: known once the server has said what it is."""
        dialect = self._offer.dialect if self._offer is not None else self._dialect
        return dialect is not None and dialect.scores_prompts

    async def explain(self, request: CompletionRequest, text: str | None) -> Explanation:
        """See `Explainer`."""
        deadline = Deadline(request.deadline_s)
        async with deadline.enforced():
            offer = await self._offered()
        model = request.model or next(iter(offer.models), None)
        return await ExplainQuestion(self._client, offer.dialect, model, request, deadline).ask(text)

    async def models(self) -> tuple[str, ...]:
        """The configured model first, then what the server lists; asked at most once a minute."""
        return (await self._offered()).models

    async def health(self) -> BackendHealth:
        """Asks the server now."""
        try:
            offer = await self._ask()
            status = await self._client.status() if offer.dialect is ENGINE else None
        except InklingError as error:
            return BackendHealth("unavailable", error.sentence, self._model)
        model = next(iter(offer.models), None)
        if status is not None:
            return engine_health(status, model)
        return BackendHealth("ready", f"{self._name} answers.", model)

    async def start(self) -> None:
        """Nothing to get ready: the server is someone else's."""

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _part(
        self, request: CompletionRequest, model: str | None, dialect: Dialect, sample: int | None, deadline: Deadline
    ) -> AsyncGenerator[CompletionEvent, None]:
        """One connection: every sample when `sample` is None, else that one."""
        count = request.options.samples if sample is None else 1
        reader = SampleReader(self._name, sample or 0, count, request.options.stop)
        body = completion_body(request, model, dialect, sample)
        done = False
        async with aclosing(self._client.stream(body, deadline)) as items:
            async for item in items:
                if item == DONE:
                    done = True
                    break
                for event in reader.read(item):
                    yield event
        for event in reader.end(done=done):
            yield event

    async def _offered(self) -> _Offer:
        """The last answer while it is fresh; one question at a time."""
        async with self._asking:
            if self._offer is None or asyncio.get_running_loop().time() - self._offer.at > MODELS_KEPT_S:
                return await self._ask()
            return self._offer

    async def _ask(self) -> _Offer:
        now = asyncio.get_running_loop().time()
        listed, owned_by = await self._listed()
        own = () if self._model is None else (self._model,)
        models = (*own, *(name for name in listed if name not in own))
        self._offer = _Offer(models, self._dialect or find_dialect(owned_by), now)
        return self._offer

    async def _listed(self) -> tuple[tuple[str, ...], str | None]:
        """Names and owner as the server lists them. Without a list, the settings have to name a model."""
        try:
            listed = await self._client.models()
        except NoSuchPage:
            if self._model is None:
                raise
            return (), None
        return listed.names, listed.data[0].owned_by if listed.data else None


def engine_health(status: EngineStatus, model: str | None) -> BackendHealth:
    """Our engine's /health in the words of /status."""
    model = status.model or model
    if status.status == "loading":
        return BackendHealth("starting", status.detail or "The model is loading.", model)
    return BackendHealth("ready", "The model is ready.", model, status.running, status.waiting)
