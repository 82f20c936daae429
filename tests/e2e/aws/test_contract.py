"""The contract of all backends, kept by the shipped template: API, functions, table and queue, with IAM enforced."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.backends.contract import ServerContract, Subject
from tests.fakes.aws_stack import AwsStack

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("keys")]


class TestDeployed(ServerContract):
    @pytest.fixture
    async def subject(self, stack: AwsStack) -> AsyncIterator[Subject]:
        async def active() -> int:
            return stack.writer.running

        backend = stack.backend()
        yield Subject(backend, active)
        await backend.aclose()
