from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from backends.completions_api.client import OpenAIClient
from backends.openai import OpenAIBackend
from backends.protocol import BackendHealth
from config.errors import BackendUnavailable
from config.settings import OpenAIBackendSettings
from tests.backends.contract import ServerContract, Subject, complete, request
from tests.fakes.completions import MODEL, FakeCompletions
from tests.fakes.openai_server import serve


@pytest.fixture(params=[True, False], ids=["inkling", "foreign"])
def fake(request: pytest.FixtureRequest) -> FakeCompletions:
    return FakeCompletions(engine=request.param, delay_s=0.01)


class TestOpenAI(ServerContract):
    @pytest.fixture
    async def subject(self, fake: FakeCompletions) -> AsyncIterator[Subject]:
        async def active() -> int:
            return fake.running

        async with serve(fake.app()) as url:
            backend = OpenAIBackend("main", OpenAIClient("main", url, retry_pauses_s=(0.01, 0.01)))
            yield Subject(backend, active)
            await backend.aclose()


@asynccontextmanager
async def backend_of(fake: FakeCompletions, model: str | None = None) -> AsyncIterator[OpenAIBackend]:
    async with serve(fake.app()) as url:
        backend = OpenAIBackend("main", OpenAIClient("main", url), model=model)
        yield backend
        await backend.aclose()


async def test_engine_gets_one_request_for_all_samples() -> None:
    fake = FakeCompletions(engine=True)
    async with backend_of(fake) as backend:
        await complete(backend, request(samples=3))
    assert [body["n"] for body in fake.bodies] == [3]


async def test_foreign_server_gets_a_request_for_each_sample() -> None:
    fake = FakeCompletions(engine=False)
    async with backend_of(fake) as backend:
        await complete(backend, request(samples=3, seed=7))
    assert sorted(body["seed"] for body in fake.bodies) == [7, 8, 9]


async def test_configured_model_comes_first_and_is_asked_for() -> None:
    fake = FakeCompletions(engine=False)
    async with backend_of(fake, "gpt2") as backend:
        assert await backend.models() == ("gpt2", MODEL)
        await complete(backend, request())
    assert fake.bodies[0]["model"] == "gpt2"


async def test_request_chooses_the_model() -> None:
    fake = FakeCompletions(engine=False)
    async with backend_of(fake) as backend:
        await complete(backend, replace(request(), model="gpt2"))
    assert fake.bodies[0]["model"] == "gpt2"


async def test_models_are_asked_for_once_a_minute() -> None:
    fake = FakeCompletions(engine=False)
    async with backend_of(fake) as backend:
        await asyncio.gather(*(complete(backend, request()) for _ in range(5)))
        await backend.models()
    assert fake.model_questions == 1


async def test_server_without_a_list_works_with_a_configured_model() -> None:
    fake = FakeCompletions(engine=False, lists_models=False)
    async with backend_of(fake, "gpt2") as backend:
        assert await backend.models() == ("gpt2",)
        await complete(backend, request())
    async with backend_of(fake) as backend:
        with pytest.raises(BackendUnavailable):
            await backend.models()


async def test_health_of_a_loading_engine() -> None:
    async with backend_of(FakeCompletions(engine=True, loading=True)) as backend:
        assert await backend.health() == BackendHealth("starting", "Reading the model.", MODEL)


async def test_health_of_a_server_that_is_down() -> None:
    settings = OpenAIBackendSettings(kind="openai", base_url="http://127.0.0.1:1/v1", model="gpt2")
    backend = OpenAIBackend.from_settings("main", settings)
    health = await backend.health()
    assert health.state == "unavailable"
    assert health.model == "gpt2"
    await backend.aclose()


async def test_unseeded_request_is_a_fault_of_ours() -> None:
    async with backend_of(FakeCompletions(engine=True)) as backend:
        with pytest.raises(ValueError, match="seed"):
            await complete(backend, request(seed=None))
