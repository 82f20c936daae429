from __future__ import annotations

import sys

import pytest

from benchmarks.serving_process import DidNotStart, ServingProcess

SERVER = """
import json, signal, sys
for event in ({"event": "loading", "url": "http://here:1/v1"}, {"event": "ready", "model": "any"}):
    print(json.dumps(event), flush=True)
print("a warning", file=sys.stderr, flush=True)
signal.pause()
"""


async def test_it_is_there_when_it_is_ready_and_gone_when_it_is_stopped() -> None:
    server = await ServingProcess.start((sys.executable, "-c", SERVER))
    assert server.completions == "http://here:1/v1/completions"
    assert server.pid
    await server.stop()


async def test_a_process_that_ends_before_it_is_ready_says_why() -> None:
    script = "import sys; print('{\"event\": \"loading\"}'); sys.exit('first\\nthere is no such model')"
    with pytest.raises(DidNotStart, match=r"^there is no such model$"):
        await ServingProcess.start((sys.executable, "-c", script))
