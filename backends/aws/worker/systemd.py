"""A word to systemd, where it started us (`Type=notify`, see sd_notify(3)), and a file for whoever else watches."""

from __future__ import annotations

import socket
from pathlib import Path


class Watch:
    """`socket_path` is NOTIFY_SOCKET, which begins with @ when it is abstract."""

    def __init__(self, socket_path: str | None, alive_file: Path | None) -> None:
        self._socket_path = socket_path
        self._alive_file = alive_file

    def ready(self) -> None:
        self._tell("READY=1")

    def alive(self) -> None:
        self._tell("WATCHDOG=1")
        if self._alive_file is not None:
            self._alive_file.touch()

    def stopping(self) -> None:
        self._tell("STOPPING=1")

    def _tell(self, state: str) -> None:
        if self._socket_path is None:
            return
        address = "\0" + self._socket_path[1:] if self._socket_path.startswith("@") else self._socket_path
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.sendto(state.encode(), address)
