"""What systemd hears."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from backends.aws.worker.systemd import Watch


@pytest.fixture(params=["file", "abstract"])
def notify(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    path = str(tmp_path / "notify") if request.param == "file" else f"@inkling-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(path.replace("@", "\0", 1))
        listening.settimeout(10)
        yield path, listening


def test_systemd_hears_how_it_goes(notify: tuple[str, socket.socket]) -> None:
    path, listening = notify
    watch = Watch(path, None)
    watch.ready()
    watch.alive()
    watch.stopping()
    assert [listening.recv(100) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1", b"STOPPING=1"]


def test_without_systemd_nobody_is_told() -> None:
    watch = Watch(None, None)
    watch.ready()
    watch.alive()
    watch.stopping()


def test_a_sign_of_life_is_the_files_time(tmp_path: Path) -> None:
    file = tmp_path / "alive"
    watch = Watch(None, file)
    watch.alive()
    os.utime(file, (0, 0))
    watch.alive()
    assert file.stat().st_mtime > 0


def test_a_file_that_can_not_be_touched_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Watch(None, tmp_path / "none" / "alive").alive()
