"""The backend in AWS keeps the contract of all backends, over the API and a table in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from backends.completions_api.client import OpenAIClient
from backends.openai import OpenAIBackend
from tests.backends.contract import ServerContract, Subject
from tests.fakes.aws_plane import Plane, backend_of
from tests.fakes.completions import FakeCompletions
from tests.fakes.openai_server import serve


class TestAws(ServerContract):
    @pytest.fixture
    async def subject(self) -> AsyncIterator[Subject]:
        fake = FakeCompletions(engine=True, delay_s=0.01)

        async def active() -> int:
            return fake.running

        plane = Plane()
        async with serve(fake.app()) as url:
            engine = OpenAIBackend("engine", OpenAIClient("engine", url, retry_pauses_s=(0.01, 0.01)))
            backend = backend_of(plane)
            async with plane.working(engine):
                yield Subject(backend, active)
                await backend.aclose()
            await engine.aclose()
