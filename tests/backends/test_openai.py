from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from backends.completions_api.client import OpenAIClient
from backends.openai import OpenAIBackend
from tests.backends.contract import ServerContract, Subject
from tests.fakes.completions import FakeCompletions
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
