"""`python -m generation` as a process: what it says, how it ends, how it refuses."""

from __future__ import annotations

import ctypes
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fakes.saved_models import save_tiny_gpt2

ROOT = Path(__file__).parents[2]
START_S = 60.0
END_S = 20.0


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_gpt2(tmp_path_factory.mktemp("models") / "tiny")


def command(*flags: object) -> list[str]:
    return [sys.executable, "-m", "generation", *map(str, flags)]


@contextmanager
def running(*flags: object) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command(*flags), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def read_event(process: subprocess.Popen[bytes]) -> dict[str, object]:
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], START_S)
    assert ready, "said nothing"
    line = process.stdout.readline()
    assert line, process.stderr and process.stderr.read().decode()
    return json.loads(line)


def refusal(*flags: object) -> str:
    """The last line of one that exits with code 2."""
    ended = subprocess.run(command(*flags), cwd=ROOT, capture_output=True, timeout=START_S, text=True, check=False)
    assert ended.returncode == 2, ended.stderr
    assert "Traceback" not in ended.stderr
    return ended.stderr.splitlines()[-1]


def ask(url: str, **body: object) -> dict[str, object]:
    request = urllib.request.Request(f"{url}/completions", json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=START_S) as response:
        return json.load(response)


def test_from_start_to_sigterm(model: Path) -> None:
    with running("--model", model, "--port", 0, "--threads", 1) as process:
        loading = read_event(process)
        url = str(loading["url"])
        assert (loading["event"], loading["model"]) == ("loading", "tiny")
        assert url.startswith("http://127.0.0.1:")
        ready = read_event(process)
        assert (ready["event"], ready["model"], ready["max_model_len"]) == ("ready", "tiny", 512)
        assert ready["url"] == url
        assert ask(url, prompt="Once", max_tokens=3)["model"] == "tiny"

        port = url.removesuffix("/v1").rpartition(":")[2]
        assert refusal("--model", model, "--port", port) == (
            f"Port {port} on 127.0.0.1 is in use; choose another with --port, or 0 for any free one."
        )
        process.send_signal(signal.SIGTERM)
        assert process.wait(END_S) == 0


def test_a_terminal_is_told_when_it_can_be_asked(model: Path) -> None:
    terminal, end = os.openpty()
    process = subprocess.Popen(command("--model", model, "--port", 0), cwd=ROOT, stdout=end, stderr=subprocess.DEVNULL)
    os.close(end)
    try:
        with os.fdopen(terminal, encoding="utf-8") as lines:
            assert lines.readline() == "Loading tiny …\n"
            ready = lines.readline()
        told = re.fullmatch(
            r"Ready at (http://\S+/v1) \(tiny, (native|torch) \w+, \d+\.\d s\)\. It takes 512 tokens, .+\n", ready
        )
        assert told, ready
        assert ask(told[1], prompt="Once", max_tokens=3)["model"] == "tiny"
    finally:
        process.kill()
        process.wait()


def resident_mb(pid: int) -> int:
    fields = (line.split() for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return next(int(field[1]) // 1024 for field in fields if field[0] == "VmRSS:")


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="this C library keeps nothing, or tells not")
def test_what_large_requests_took_is_given_back(model: Path) -> None:
    def ask_too_much(url: str) -> int:
        with pytest.raises(urllib.error.HTTPError) as refused:
            ask(url, prompt="x" * 1_000_000)
        refused.value.close()
        return refused.value.code

    with running("--model", model, "--port", 0) as process, ThreadPoolExecutor(40) as people:
        url = str(read_event(process)["url"])
        assert read_event(process)["event"] == "ready"
        before = resident_mb(process.pid)
        assert set(people.map(ask_too_much, [url] * 40)) == {400}
        deadline = time.monotonic() + 60
        while (now := resident_mb(process.pid)) > before + 100:
            assert time.monotonic() < deadline, f"{before} MB became {now}"
            time.sleep(0.5)


def test_sigterm_while_it_loads(model: Path) -> None:
    with running("--model", model, "--port", 0) as process:
        assert read_event(process)["event"] == "loading"
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(END_S) == 0
        assert time.monotonic() - began < END_S


def test_socket(model: Path, tmp_path: Path) -> None:
    path = tmp_path / "engine.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with running("--model", model, "--socket", path) as process:
        assert read_event(process) == {"event": "loading", "url": f"unix:{path}", "model": "tiny"}
        assert path.stat().st_mode & 0o777 == 0o600
        assert refusal("--model", model, "--socket", path).startswith(f"Another engine listens at {path}")
        assert read_event(process)["event"] == "ready"
        process.send_signal(signal.SIGINT)
        assert process.wait(END_S) == 0
    assert not path.exists()


def test_refusals(model: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert refusal("--model", empty, "--port", 0) == "empty is no model: there is no config.json in its folder."
    assert refusal("--model", tmp_path / "no.gguf") == f"There is no file {tmp_path / 'no.gguf'}."
    assert refusal("--prt", 1) == "I don't know --prt. Did you mean --port?"
    assert refusal("--port", "x") == "--port: must be a whole number between 0 and 65,535; you gave x."
    assert refusal("--host", "0.0.0.0", "--port", 0, "--model", model).startswith("0.0.0.0 can be reached by others")
    assert refusal("--socket", empty) == f"{empty} exists and is not a socket; choose another path with --socket."
    assert refusal("--socket", tmp_path / ("x" * 120)).startswith("The socket's path is longer than 103 bytes")
    assert refusal("--socket", empty / "no" / "s").startswith("I can't listen at")
    assert refusal("--socket", tmp_path / "s", "--port", 1).startswith("--socket stands alone")
    key = tmp_path / "key"
    key.write_text("two words")
    assert refusal("--api-key-file", key) == "--api-key-file: the file must hold one key and nothing else."


def test_wrong_flags_are_told_before_anything_heavy_is_imported() -> None:
    code = "import sys; from generation.__main__ import main; code = main(['--prt']); "
    heavy = "print(code, [name for name in ('torch', 'transformers', 'aiohttp') if name in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", code + heavy], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout == "2 []\n"


FAILING = """
import structlog
from generation.__main__ import quiet_libraries

quiet_libraries()
prompt = "a secret " + "wish"
try:
    prompt.no_such_thing
except AttributeError as error:
    structlog.get_logger("generation.server").error("request_failed", exc_info=error)
"""


def test_the_log_shows_where_it_failed_but_no_prompt() -> None:
    ended = subprocess.run([sys.executable, "-c", FAILING], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout == ""
    assert "request_failed" in ended.stderr
    assert "line 8, in <module>" in ended.stderr
    assert "secret wish" not in ended.stderr


PARENT = """
import subprocess, sys
engine = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE)
print(engine.pid, flush=True)
for line in engine.stdout:
    print(line.decode(), end="", flush=True)
"""


@pytest.mark.parametrize("event", ["loading", "ready"])
def test_ends_when_the_parent_is_killed(model: Path, event: str) -> None:
    flags = command("--model", model, "--port", 0, "--exit-with-parent")
    parent = subprocess.Popen([sys.executable, "-c", PARENT, *flags], cwd=ROOT, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    engine = int(parent.stdout.readline())
    while json.loads(parent.stdout.readline())["event"] != event:
        pass
    watch = os.pidfd_open(engine)
    parent.kill()
    ended, _, _ = select.select([watch], [], [], END_S)
    os.close(watch)
    parent.stdout.close()
    parent.wait()
    assert ended, "the engine outlived its parent"
