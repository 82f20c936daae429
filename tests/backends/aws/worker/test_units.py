"""The units a machine gets: systemd reads them, and does with the worker what they mean."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

from tests.fakes.user_systemd import UserSystemd, until, user_systemd, why_not

UNITS = ("inkling-worker.service", "inkling-deadman.timer", "inkling-deadman.service")
PYTHON = "/opt/inkling/venv/bin/python -P -m backends.aws.worker"
# What only the system's own systemd can do.
SYSTEMS = re.compile(
    r"^(User|EnvironmentFile|WorkingDirectory|\w+Directory\w*|UMask|\w*Capabilit\w+|Protect\w+|Private\w+|Restrict[AFNRS]\w+"
    r"|NoNewPrivileges|LockPersonality|RemoveIPC|SystemCall\w+|Wants|After|WatchdogSec)=.*\n",
    re.MULTILINE,
)
# As the worker ends: by itself, when it is told to, with wrong settings.
WORKER = """
import os, signal, socket, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
    notify.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
while True:
    time.sleep(0.02)
    for name, code in (("idle", 0), ("wrong", 2)):
        if os.path.exists(name):
            sys.exit(code)
"""


def unit(name: str) -> str:
    return resources.files("backends.aws.worker").joinpath(name).read_text()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze here")
def test_systemd_has_nothing_to_say_against_them(tmp_path: Path) -> None:
    for name in UNITS:
        (tmp_path / name).write_text(unit(name).replace("/opt/inkling/venv/bin/python", sys.executable))
    run = subprocess.run(
        ["systemd-analyze", "verify", *(str(tmp_path / name) for name in UNITS)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")


def test_it_has_no_rights_it_does_not_need() -> None:
    lines = unit("inkling-worker.service").splitlines()
    for line in ("User=inkling", "NoNewPrivileges=yes", "CapabilityBoundingSet=", "ProtectSystem=strict"):
        assert line in lines


def test_it_has_time_to_give_back_what_it_writes() -> None:
    assert "TimeoutStopSec=60" in unit("inkling-worker.service").splitlines()
    assert "KillMode=mixed" in unit("inkling-worker.service").splitlines()


@pytest.fixture
def systemd() -> Iterator[UserSystemd]:
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="sd-", dir="/tmp") as folder, user_systemd(Path(folder)) as systemd:
        yield systemd


@pytest.fixture
def worker(systemd: UserSystemd) -> UserSystemd:
    (systemd.folder / "worker.py").write_text(WORKER)
    text = SYSTEMS.sub("", unit("inkling-worker.service"))
    assert PYTHON in text
    text = text.replace(PYTHON, f"{sys.executable} {systemd.folder / 'worker.py'}")
    text = text.replace("[Service]", f"[Service]\nWorkingDirectory={systemd.folder}")
    # Of a session's units only `exit` can be asked for, which ends it.
    text = text.replace("RestartSec=2\n", "RestartSec=0.1\n").replace("=poweroff\n", "=exit\n")
    systemd.install("inkling-worker.service", text)
    systemd.start()
    systemd.ctl("start", "inkling-worker")
    until(lambda: systemd.shown("inkling-worker", "ActiveState") == "active")
    return systemd


@pytest.mark.slow
def test_when_it_is_idle_the_machine_goes_off(worker: UserSystemd) -> None:
    assert not worker.powered_off
    (worker.folder / "idle").touch()
    until(lambda: worker.powered_off)


@pytest.mark.slow
def test_when_it_is_restarted_the_machine_stays_on(worker: UserSystemd) -> None:
    before = worker.shown("inkling-worker", "MainPID")
    worker.ctl("restart", "inkling-worker")
    assert worker.shown("inkling-worker", "MainPID") not in (before, "0")
    assert not worker.powered_off
    assert not worker.ended


@pytest.mark.slow
def test_when_it_is_killed_it_comes_again_and_when_that_happens_too_often_the_machine_goes_off(
    worker: UserSystemd,
) -> None:
    first = worker.shown("inkling-worker", "MainPID")
    os.kill(int(first), signal.SIGKILL)
    until(lambda: worker.shown("inkling-worker", "MainPID") not in (first, "0"))
    assert not worker.ended
    (worker.folder / "wrong").touch()
    until(lambda: worker.ended)


@pytest.mark.slow
@pytest.mark.parametrize("alive", [True, False])
def test_a_dead_worker_costs_no_more_than_twenty_minutes(systemd: UserSystemd, alive: bool) -> None:
    sign = systemd.folder / "alive"
    sign.touch()
    if not alive:
        os.utime(sign, (0, 0))
    looked = systemd.folder / "looked"
    service = unit("inkling-deadman.service").replace("/run/inkling/alive", str(sign))
    service = service.replace("/usr/bin/systemctl", str(systemd.folder / "bin" / "systemctl"))
    service = service.replace("ExecCondition=", f"ExecCondition=/bin/sh -c 'echo x >> {looked}'\nExecCondition=")
    timer = unit("inkling-deadman.timer").replace("20min", "100ms").replace("1min", "100ms").replace("10s", "10ms")
    systemd.install("inkling-deadman.service", service)
    systemd.install("inkling-deadman.timer", timer)
    systemd.start()
    systemd.ctl("start", "inkling-deadman.timer")
    until(lambda: looked.exists() and len(looked.read_text()) > 4)
    assert systemd.powered_off is not alive
