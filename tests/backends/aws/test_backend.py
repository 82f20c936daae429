"""The backend in AWS keeps the contract of all backends, over signed HTTP, the API and a table in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from backends.aws.backend import AwsBackend
from backends.aws.client.http import SignedHttp
from backends.aws.client.jobs import JobsClient
from backends.completions_api.client import OpenAIClient
from backends.openai import OpenAIBackend
from tests.backends.contract import ServerContract, Subject
from tests.fakes.aws_gateway import gateway
from tests.fakes.aws_plane import Plane
from tests.fakes.completions import FakeCompletions
from tests.fakes.ministack import REGION
from tests.fakes.openai_server import serve


class TestAws(ServerContract):
    @pytest.fixture
    async def subject(self, profile: str) -> AsyncIterator[Subject]:
        fake = FakeCompletions(engine=True, delay_s=0.01)

        async def active() -> int:
            return fake.running

        plane = Plane()
        async with serve(fake.app()) as url, serve(gateway(plane.api())) as api_url:
            engine = OpenAIBackend("engine", OpenAIClient("engine", url, retry_pauses_s=(0.01, 0.01)))
            http = SignedHttp("aws", api_url.removesuffix("/v1"), region=REGION, profile=profile)
            backend = AwsBackend("aws", JobsClient("aws", http))
            async with plane.working(engine):
                yield Subject(backend, active)
                await backend.aclose()
            await engine.aclose()
