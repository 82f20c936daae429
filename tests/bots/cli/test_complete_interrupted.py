"""`inkling complete` against a server that is slow, broken or gone, and with somebody who presses Ctrl-C."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.backends.contract import eventually
from tests.fakes.command_line import run_inkling, server_settings, started_inkling
from tests.fakes.completions import BREAK, BUSY, CUT, FakeCompletions
from tests.fakes.openai_server import serve
from tests.fakes.sentences import check_sentence


@pytest.fixture
def server() -> FakeCompletions:
    return FakeCompletions()


@pytest.fixture
async def settings(server: FakeCompletions) -> AsyncIterator[dict[str, str]]:
    async with serve(server.app()) as url:
        yield server_settings(url)


async def test_text_comes_as_it_is_written_and_ctrl_c_keeps_it(
    server: FakeCompletions, settings: dict[str, str], tmp_path: Path
) -> None:
    server.delay_s = 0.05
    async with started_inkling("complete", "slowly", "--length", "50", home=tmp_path, settings=settings) as process:
        assert process.stdout is not None
        first = await process.stdout.read(1)
        process.send_signal(signal.SIGINT)
        out, err = await process.communicate()
        assert process.returncode == 130
        assert 1 <= len((first + out).split()) < 50
        assert (first + out).endswith(b"\n")
        assert b"stopped by @you" in err
        assert b"Traceback" not in err

        async def running() -> int:
            return server.running

        await eventually(running, 0)


async def test_ctrl_c_with_json_prints_the_object(
    server: FakeCompletions, settings: dict[str, str], tmp_path: Path
) -> None:
    server.delay_s = 0.05
    async with started_inkling(
        "complete", "slowly", "--json", "--length", "50", home=tmp_path, settings=settings
    ) as process:

        async def running() -> int:
            return server.running

        await eventually(running, 1)
        process.send_signal(signal.SIGTERM)
        out, _ = await process.communicate()
        assert process.returncode == 143
        told = json.loads(out)
        assert told["status"] == "stopped"
        assert told["samples"][0]["finish_reason"] == "stopped"


async def test_ctrl_c_ends_a_wait_for_the_prompt(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    async with started_inkling("complete", "@pipe", home=tmp_path) as process:
        writing = await asyncio.to_thread(os.open, tmp_path / "pipe", os.O_WRONLY)
        process.send_signal(signal.SIGINT)
        out, err = await process.communicate()
        os.close(writing)
        assert (process.returncode, out, err) == (130, b"", b"")


@pytest.mark.parametrize(("prompt", "text"), [(BREAK, 2), (CUT, 2), (BUSY, 0)])
async def test_backend_failure_keeps_the_text_and_exits_1(
    settings: dict[str, str], tmp_path: Path, prompt: str, text: int
) -> None:
    # Shorter than the busy server's Retry-After.
    settings = {**settings, "INKLING_LIMITS__DEADLINE_S": "5"}
    finished = await run_inkling("complete", prompt, "--length", "9", home=tmp_path, settings=settings)
    assert finished.code == 1
    assert len(finished.out.split()) == text
    check_sentence(finished.err.removesuffix("\n"))


async def test_failure_in_json(settings: dict[str, str], tmp_path: Path) -> None:
    finished = await run_inkling("complete", BREAK, "--json", home=tmp_path, settings=settings)
    told = json.loads(finished.out)
    assert finished.code == 1
    assert told["status"] == "failed"
    assert told["error"] == finished.err.strip()
    assert len(told["samples"][0]["text"].split()) == 2


async def test_nobody_answers(tmp_path: Path) -> None:
    settings = server_settings("http://127.0.0.1:9/v1")
    finished = await run_inkling("complete", "hello", home=tmp_path, settings=settings)
    assert (finished.code, finished.out) == (1, "")
    check_sentence(finished.err.removesuffix("\n"))


async def test_prompt_too_long_is_cut_and_told_or_refused(settings: dict[str, str], tmp_path: Path) -> None:
    prompt = "word " * 70
    cut, refused = await asyncio.gather(
        run_inkling("complete", prompt, "--length", "4", home=tmp_path, settings=settings),
        run_inkling("complete", prompt, "--length", "4", "--no-cut", home=tmp_path, settings=settings),
    )
    assert (cut.code, len(cut.out.split())) == (0, 4)
    assert "I kept the last 60." in cut.err
    assert (refused.code, refused.out) == (2, "")
    check_sentence(refused.err.removesuffix("\n"))


async def test_model_is_asked_for_by_name(server: FakeCompletions, settings: dict[str, str], tmp_path: Path) -> None:
    finished = await run_inkling(
        "complete", "hello", "--model", "other", "--json", "--length", "3", home=tmp_path, settings=settings
    )
    assert finished.code == 0
    assert server.bodies[-1]["model"] == "other"
    assert json.loads(finished.out)["model"] == "other"
