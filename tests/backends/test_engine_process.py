from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.engine_process import MAX_LINE_BYTES, EngineProcess
from backends.engine_supervisor import EngineTimings

WAITS = """
import signal
print('{"event": "ready"}', flush=True)
while True:
    signal.pause()
"""


async def launch(code: str) -> EngineProcess:
    return await EngineProcess.launch("local", [sys.executable, "-c", code])


async def test_exit_gives_code_and_last_words() -> None:
    process = await launch(r"import sys; sys.stderr.write('one\r\ntwo\n\n'); sys.exit(2)")
    ended = await process.wait()
    assert (ended.code, ended.last_line, ended.refused) == (2, "two", True)


async def test_ready_line_among_others() -> None:
    process = await launch(r"""print('hello\n[1]\n{"event": "ready", "model": "m", "load_s": 0.5}')""")
    await process.wait()
    assert process.ready.is_set()
    assert process.loaded is not None
    assert process.loaded.model == "m"


async def test_endless_line_keeps_its_end() -> None:
    process = await launch("import sys; sys.stderr.write('a' * 300_000 + 'end')")
    ended = await process.wait()
    assert ended.last_line is not None
    assert len(ended.last_line) == MAX_LINE_BYTES
    assert ended.last_line.endswith("end")


async def test_stop_asks_first() -> None:
    process = await launch(WAITS)
    await process.ready.wait()
    assert (await process.stop(20)).code == -signal.SIGTERM
    assert (await process.stop(20)).code == -signal.SIGTERM


async def test_cancelled_stop_still_kills() -> None:
    process = await launch("import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + WAITS)
    await process.ready.wait()
    stopping = asyncio.create_task(process.stop(60))
    await asyncio.sleep(0)
    stopping.cancel()
    with suppress(asyncio.CancelledError):
        await stopping
    assert (await process.wait()).code == -signal.SIGKILL


async def test_children_of_a_dead_engine_go_too() -> None:
    """The child keeps the pipes open: reading them to their end waits for it."""
    child = "import signal; signal.pause()"
    process = await launch(f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {child!r}])")
    async with asyncio.timeout(30):
        assert (await process.wait()).code == 0


async def test_missing_program() -> None:
    with pytest.raises(OSError, match="no-such"):
        await EngineProcess.launch("local", ["no-such-program-here"])


@given(st.integers(1, 10_000))
def test_pauses_grow_up_to_a_limit(failures: int) -> None:
    timings = EngineTimings()
    assert timings.first_pause_s <= timings.pause_s(failures) <= timings.pause_s(failures + 1)
    assert timings.pause_s(failures) <= timings.longest_pause_s


def test_pauses_double() -> None:
    assert [EngineTimings().pause_s(failures) for failures in range(1, 9)] == [0.5, 1, 2, 4, 8, 16, 30, 30]
