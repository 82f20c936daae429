"""The address the engine listens at: opened before anything slow, refused with a sentence when that can't be."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import stat
from dataclasses import dataclass
from pathlib import Path

from config.errors import InvalidSettings

_MAX_SOCKET_PATH_BYTES = 103
"""What every system takes; Linux alone would take 107."""
_BACKLOG = 256
_KNOCK_S = 1.0


@dataclass(frozen=True, slots=True)
class Listener:
    """An open socket; `url` is where its API begins."""

    socket: socket.socket
    url: str
    loopback: bool
    """Whether only this machine can reach it."""
    path: Path | None = None

    def close(self) -> None:
        """Also takes the socket's file away."""
        self.socket.close()
        if self.path is not None:
            self.path.unlink(missing_ok=True)


def listen_on_tcp(host: str, port: int) -> Listener:
    """Raises InvalidSettings. Port 0 takes a free one."""
    family, address = _resolve(host, port)
    try:
        opened = socket.create_server(address, family=family, backlog=_BACKLOG)
    except PermissionError as error:
        raise InvalidSettings(f"I may not listen on port {port}; choose one above 1023 with --port.") from error
    except OSError as error:
        raise InvalidSettings(_tcp_sentence(host, port, error)) from error
    name = opened.getsockname()
    shown = f"[{name[0]}]" if family == socket.AF_INET6 else name[0]
    return Listener(opened, f"http://{shown}:{name[1]}/v1", ipaddress.ip_address(name[0].split("%")[0]).is_loopback)


def listen_on_unix(path: Path) -> Listener:
    """Only this user may connect. A file that a dead process left is replaced. Raises InvalidSettings."""
    if len(os.fsencode(path)) > _MAX_SOCKET_PATH_BYTES:
        raise InvalidSettings(f"The socket's path is longer than {_MAX_SOCKET_PATH_BYTES} bytes: {path}")
    _clear_stale(path)
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        opened.bind(os.fspath(path))
        opened.listen(_BACKLOG)
    except OSError as error:
        opened.close()
        raise InvalidSettings(f"I can't listen at {path}: {error.strerror or type(error).__name__}.") from error
    finally:
        os.umask(before)
    return Listener(opened, f"unix:{path}", loopback=True, path=path)


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, tuple[str, int]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise InvalidSettings(f'--host: there is no address for "{host[:100]}".') from error
    family, _, _, _, address = found[0]
    return family, (str(address[0]), port)


def _tcp_sentence(host: str, port: int, error: OSError) -> str:
    # create_server puts the address into the message; the number says what happened.
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is in use; choose another with --port, or 0 for any free one."
    return f"I can't listen on {host}, port {port}: {os.strerror(error.errno or 0)}."


def _clear_stale(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise InvalidSettings(f"I can't listen at {path}: {error.strerror}.") from error
    if not stat.S_ISSOCK(mode):
        raise InvalidSettings(f"{path} exists and is not a socket; choose another path with --socket.")
    if _is_alive(path):
        raise InvalidSettings(f"Another engine listens at {path}; stop it or choose another path with --socket.")
    path.unlink(missing_ok=True)


def _is_alive(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as knock:
        knock.settimeout(_KNOCK_S)
        try:
            knock.connect(os.fspath(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:  # busy, or not ours to ask: somebody is there
            return True
    return True
