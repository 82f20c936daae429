"""A systemd of our own for units, as people have one for their session: started here, gone when the test ends."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

SYSTEMD = Path("/usr/lib/systemd/systemd")
POWEROFF = "--no-block poweroff"


def why_not() -> str | None:
    """Why there can be none here."""
    if not SYSTEMD.exists() or shutil.which("nsenter") is None:
        return "there is no systemd here"
    if os.geteuid() != 0:
        return "only root can hide /run from it"
    return None


class UserSystemd:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._environment = {**os.environ, "XDG_RUNTIME_DIR": str(folder), "XDG_CONFIG_HOME": str(folder)}
        self._process: subprocess.Popen[bytes] | None = None
        self._said = folder / "said"
        fake = folder / "bin" / "systemctl"
        fake.parent.mkdir()
        fake.write_text(f'#!/bin/sh\necho "$@" >> {self._said}\n')
        fake.chmod(0o755)

    def install(self, name: str, text: str) -> None:
        """Its `systemctl` only notes what it is told."""
        units = self.folder / "systemd" / "user"
        units.mkdir(parents=True, exist_ok=True)
        path = f"Environment=PATH={self.folder / 'bin'}:/usr/bin:/bin"
        (units / name).write_text(text.replace("[Service]", f"[Service]\n{path}"))

    def start(self) -> None:
        # It asks whether the system runs systemd by looking for a folder in /run.
        script = f"mount -t tmpfs none /run && mkdir -p /run/systemd/system && exec {SYSTEMD} --user"
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                ["unshare", "--mount", "--cgroup", "sh", "-c", script], env=self._environment, stdout=log, stderr=log
            )
        until(lambda: self.ctl("is-system-running") in ("running", "degraded"))

    def ctl(self, *arguments: str) -> str:
        """What systemctl says, where it sees what systemd sees."""
        assert self._process is not None
        command = ["nsenter", "--target", str(self._process.pid), "--mount", "systemctl", "--user", *arguments]
        run = subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)
        return run.stdout.strip()

    def shown(self, unit: str, name: str) -> str:
        return self.ctl("show", "--value", "--property", name, unit)

    @property
    def powered_off(self) -> bool:
        """Whether a unit asked for it."""
        return self._said.exists() and POWEROFF in self._said.read_text()

    @property
    def ended(self) -> bool:
        assert self._process is not None
        return self._process.poll() is not None

    def end(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)


@contextmanager
def user_systemd(folder: Path) -> Iterator[UserSystemd]:
    """`folder` has a short path, for sockets."""
    systemd = UserSystemd(folder)
    try:
        yield systemd
    finally:
        systemd.end()


def until(is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.05)  # other processes' doing
