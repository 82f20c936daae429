"""`inkling chat`, `run` and `serve` as processes."""

from __future__ import annotations

import asyncio
import json
import signal
from asyncio.subprocess import Process
from pathlib import Path

import aiohttp
import pytest

from bots.cli.serve import serve_arguments
from tests.fakes.command_line import ECHO, run_inkling, started_inkling

ANY_PORT = {**ECHO, "INKLING_WEB__PORT": "0"}


async def address_of(process: Process) -> str:
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode()
    assert line.startswith("page: http://127.0.0.1:")
    return line.removeprefix("page: ").strip()


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_chat_serves_the_page_until_a_signal(tmp_path: Path, stop: signal.Signals) -> None:
    async with started_inkling("chat", "--port", "0", "--no-browser", home=tmp_path) as process:
        url = await address_of(process)
        async with aiohttp.ClientSession() as session, session.get(f"{url}/healthz") as answer:
            assert answer.status in (200, 503)
        process.send_signal(stop)
        out, err = await process.communicate()
        assert (process.returncode, err) == (0, b"")
        assert out.endswith(b"Stopping; open requests are kept and go on next time.\n")


async def test_who_wants_to_outlive_the_terminal_does(tmp_path: Path) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # What nohup does; a process inherits it.
    try:
        async with started_inkling("chat", "--port", "0", "--no-browser", home=tmp_path) as process:
            url = await address_of(process)
            process.send_signal(signal.SIGHUP)
            async with aiohttp.ClientSession() as session, session.get(f"{url}/healthz") as answer:
                assert answer.status in (200, 503)
            process.send_signal(signal.SIGTERM)
            await process.communicate()
            assert process.returncode == 0
    finally:
        signal.signal(signal.SIGHUP, before)


async def test_port_and_data_of_another_are_refused(tmp_path: Path) -> None:
    async with started_inkling("chat", "--port", "0", home=tmp_path) as first:
        address = await address_of(first)
        port = address.rpartition(":")[2]
        same_data = await run_inkling("chat", "--port", "0", home=tmp_path)
        elsewhere = {**ECHO, "INKLING_DATA_DIR": str(tmp_path / "other")}
        same_port = await run_inkling("chat", "--port", port, home=tmp_path, settings=elsewhere)
        first.send_signal(signal.SIGTERM)
        await first.communicate()
        assert (same_data.code, same_port.code) == (2, 2)
        assert same_data.err.startswith("Another Inkling runs with data_dir")
        assert f"its page at {address}." in same_data.err
        assert same_port.err == f"web.port {port} is in use by another program; stop it or choose another port.\n"


async def test_run_logs_json_and_ends_in_peace(tmp_path: Path) -> None:
    async with started_inkling("run", home=tmp_path, settings=ANY_PORT) as process:
        assert process.stderr is not None
        started = json.loads(await process.stderr.readline())
        assert started["event"] == "front.started"
        assert started["address"].startswith("http://127.0.0.1:")
        assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700, "requests are nobody else's to read"
        process.send_signal(signal.SIGTERM)
        out, err = await process.communicate()
        assert (process.returncode, out) == (0, b"")
        assert json.loads(err.splitlines()[-1])["event"] == "service.stopping"


async def test_open_page_needs_a_token(tmp_path: Path) -> None:
    finished = await run_inkling("chat", "--host", "0.0.0.0", home=tmp_path)
    assert (finished.code, finished.out) == (2, "")
    assert "web.token" in finished.err


async def test_data_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    settings = {**ECHO, "INKLING_DATA_DIR": str(tmp_path / "file" / "data")}
    finished = await run_inkling("chat", home=tmp_path, settings=settings)
    assert finished.code == 2
    assert finished.err == f"I can't keep anything in data_dir {tmp_path / 'file' / 'data'} (not a directory).\n"


async def test_serve_keeps_models_where_the_settings_say(tmp_path: Path) -> None:
    place = {"INKLING_CACHE_DIR": "~nobodyhere/x"}
    wrong = await run_inkling("serve", "--model", "./none.gguf", home=tmp_path, settings=place)
    assert wrong.code == 2
    assert wrong.err.startswith("INKLING_CACHE_DIR begins with ~")


def test_help_of_serve_needs_no_settings() -> None:
    assert serve_arguments(["--help"]) == ["--help"]


async def test_serve_becomes_the_engine(tmp_path: Path) -> None:
    wrong, helped = await asyncio.gather(
        run_inkling("serve", "--model", "gpt2", "--prot", "3", home=tmp_path),
        run_inkling("serve", "--help", home=tmp_path),
    )
    assert wrong.code == 2
    assert "Did you mean --port?" in wrong.err
    assert helped.code == 0
    assert "--max-running" in helped.out


async def test_serve_imports_nothing_from_the_folder_it_is_called_in(tmp_path: Path) -> None:
    (tmp_path / "config.py").write_text("raise SystemExit('not yours')", encoding="utf-8")
    finished = await run_inkling("serve", "--prot", "3", home=tmp_path)
    assert finished.err == "I don't know --prot. Did you mean --port?\n"


async def test_serve_takes_from_the_settings_what_no_flag_says(tmp_path: Path) -> None:
    settings = {"INKLING_BACKENDS__LOCAL__MODEL": str(tmp_path / "set"), "INKLING_BACKENDS__LOCAL__MAX_RUNNING": "2"}
    set_, flagged, wrong = await asyncio.gather(
        run_inkling("serve", home=tmp_path, settings=settings),
        run_inkling("serve", "--model", str(tmp_path / "flagged"), home=tmp_path, settings=settings),
        run_inkling("serve", home=tmp_path, settings={"INKLING_BACKENDS__LOCAL__MAX_RUNNING": "none"}),
    )
    assert (set_.code, flagged.code, wrong.code) == (2, 2, 2)
    assert str(tmp_path / "set") in set_.err
    assert str(tmp_path / "flagged") in flagged.err
    assert wrong.err.startswith("INKLING_BACKENDS__LOCAL__MAX_RUNNING ")
