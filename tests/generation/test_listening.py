from __future__ import annotations

import socket
from pathlib import Path

import pytest

from config.errors import InvalidSettings
from generation.listening import listen_on_tcp, listen_on_unix


@pytest.mark.parametrize(("host", "loopback"), [("127.0.0.1", True), ("localhost", True), ("0.0.0.0", False)])
def test_tcp(host: str, loopback: bool) -> None:
    listener = listen_on_tcp(host, 0)
    assert listener.loopback is loopback
    assert listener.url.startswith("http://")
    assert listener.url.endswith(f":{listener.socket.getsockname()[1]}/v1")
    listener.close()


def test_port_in_use() -> None:
    listener = listen_on_tcp("127.0.0.1", 0)
    port = listener.socket.getsockname()[1]
    with pytest.raises(InvalidSettings, match=f"Port {port} on 127.0.0.1 is in use"):
        listen_on_tcp("127.0.0.1", port)
    listener.close()


@pytest.mark.parametrize("host", ["no such host", "a" * 300, "\ud800"])
def test_hosts_that_are_none(host: str) -> None:
    with pytest.raises(InvalidSettings, match="there is no address"):
        listen_on_tcp(host, 0)


def test_stale_sockets_are_replaced_and_live_ones_are_not(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    listener = listen_on_unix(path)
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(InvalidSettings, match="Another engine listens"):
        listen_on_unix(path)
    listener.close()
    assert not path.exists()
    listen_on_unix(path).close()


def test_paths_that_are_no_sockets(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("precious")
    with pytest.raises(InvalidSettings, match="is not a socket"):
        listen_on_unix(file)
    assert file.read_text() == "precious"
    with pytest.raises(InvalidSettings, match="longer than 103 bytes"):
        listen_on_unix(tmp_path / ("x" * 104))
    with pytest.raises(InvalidSettings, match="No such file or directory"):
        listen_on_unix(tmp_path / "nowhere" / "s")
