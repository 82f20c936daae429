from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from backends.completions_api.client import QUESTION_TIMEOUT_S, OpenAIClient
from backends.completions_api.wire import EngineStatus
from backends.engine_supervisor import EngineSupervisor
from config.errors import BackendUnavailable
from tests.fakes.engines import COMMAND, QUICK


class ClosingClient(OpenAIClient):
    """Its owner closes while a look at /health is open; every later look fails at once, without waiting."""

    supervisor: EngineSupervisor
    closing: asyncio.Task[None] | None = None

    async def status(self, timeout_s: float = QUESTION_TIMEOUT_S) -> EngineStatus:
        if self.supervisor.state == "ready" and self.closing is None:
            self.closing = asyncio.create_task(self.supervisor.aclose())
            await asyncio.sleep(0)
        raise BackendUnavailable("local is closed.")


@pytest.mark.timeout(20)
async def test_watcher_whose_client_is_closed_gives_way(tmp_path: Path) -> None:
    socket = tmp_path / "engine.sock"
    client = ClosingClient("local", "http://engine/v1")
    flags = ("--model", "fake", "--socket", str(socket), "--cache-dir", str(tmp_path))
    supervisor = client.supervisor = EngineSupervisor("local", (*COMMAND, *flags), socket, client, QUICK)
    supervisor.start()
    await supervisor.wait_settled(10)
    async with asyncio.timeout(5):
        while client.closing is None:  # noqa: ASYNC110 (the supervisor's own pace)
            await asyncio.sleep(0.01)
        await client.closing
    assert supervisor.state == "closed"
    assert supervisor.pid is None
