"""The script that makes a machine a worker, run with stand-ins for what only a machine has."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import pytest

SCRIPT = (resources.files("backends.aws.deploy") / "setup_machine.sh").read_text()
SETTINGS = """\
INSTALL_BUCKET=bucket
INSTALL_SETUP=machine/1/setup.sh
INSTALL_WHEEL=machine/{version}/inkling-{version}-py3-none-any.whl
INSTALL_REQUIREMENTS=machine/1/requirements.txt
AWS_DEFAULT_REGION=eu-west-1
INKLING_AWS_TABLE=jobs
INKLING_AWS_FLEET=
"""
# Each writes down how it was called; `aws` gives what lies in the folder `parameter`, unless it is not there.
AWS = """\
echo "aws $*" >> "$CALLS"
case "$1 $2" in
  "ssm get-parameter") cat "$PARAMETER" ;;
  "s3 cp") echo "content" > "${@: -1}" ;;
esac
"""
PYTHON = """\
echo "python $*" >> "$CALLS"
case "$*" in
  "-m venv "*)
    mkdir -p "$3/bin"
    printf '#!/bin/bash\\necho "pip $*" >> "$CALLS"\\n[ ! -e "$BROKEN" ]\\n' > "$3/bin/pip"
    printf '#!/bin/bash\\necho "$CODE"\\n' > "$3/bin/python"
    chmod 755 "$3/bin/"*
    ;;
esac
"""
QUIET = 'echo "$(basename "$0") $*" >> "$CALLS"\n'


@dataclass
class Machine:
    root: Path

    def run(self, *arguments: str) -> int:
        run = subprocess.run(
            [shutil.which("bash") or "bash", str(self.root / "setup"), *arguments],
            env={
                "PATH": f"{self.root / 'bin'}:{os.environ['PATH']}",
                "CALLS": str(self.root / "calls"),
                "PARAMETER": str(self.root / "parameter"),
                "BROKEN": str(self.root / "broken"),
                "CODE": str(self.root / "code"),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        return run.returncode

    def calls(self) -> list[str]:
        """Since asked last."""
        file = self.root / "calls"
        said = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return said

    def tell(self, version: str) -> None:
        (self.root / "parameter").write_text(SETTINGS.format(version=version))

    def read(self, path: str) -> str:
        return (self.root / path).read_text()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    for folder in ("etc/inkling", "etc/systemd/system", "opt", "bin", "code/worker", "code/deploy"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "etc/inkling/stack").write_text("SETTINGS=/inkling/mine/machine\nAWS_DEFAULT_REGION=eu-west-1\n")
    for unit in ("worker/inkling-worker.service", "worker/inkling-deadman.timer", "deploy/inkling-setup.service"):
        (tmp_path / "code" / unit).write_text("[Unit]\n")
    script = SCRIPT.replace("=/etc/", f"={tmp_path}/etc/").replace("=/opt/", f"={tmp_path}/opt/")
    (tmp_path / "setup").write_text(script)
    programs = {"aws": AWS, "python3.12": PYTHON} | dict.fromkeys(("dnf", "useradd", "systemctl", "g++"), QUIET)
    for name, body in programs.items():
        program = tmp_path / "bin" / name
        program.write_text(f"#!/bin/bash\n{body}")
        program.chmod(program.stat().st_mode | stat.S_IEXEC)
    machine = Machine(tmp_path)
    machine.tell("1.0")
    return machine


def test_it_is_a_script() -> None:
    run = subprocess.run(["bash", "-n"], input=SCRIPT, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="there is no shellcheck here")
def test_shellcheck_has_nothing_to_say() -> None:
    run = subprocess.run(["shellcheck", "-"], input=SCRIPT, capture_output=True, text=True, check=False)
    assert run.stdout == ""


def test_at_first_it_installs_and_starts(machine: Machine) -> None:
    assert machine.run() == 0
    calls = machine.calls()
    assert "aws ssm get-parameter --name /inkling/mine/machine --query Parameter.Value --output text" in calls
    assert any("pip install" in call and "-r" in call for call in calls)
    assert any("pip install" in call and "inkling-1.0-py3-none-any.whl" in call for call in calls)
    assert "systemctl daemon-reload" in calls
    assert calls[-1] == "systemctl restart --no-block inkling-worker.service"
    assert (machine.root / "etc/systemd/system/inkling-worker.service").is_file()
    assert (machine.root / "etc/systemd/system/inkling-setup.service").is_file()
    told = machine.read("etc/inkling/worker.env").splitlines()
    assert "INKLING_AWS_TABLE=jobs" in told
    assert "INKLING_AWS_ALIVE_FILE=/run/inkling/alive" in told
    assert not [line for line in told if line.startswith("INSTALL_")]


def test_the_next_start_installs_nothing_and_leaves_the_worker_to_systemd(machine: Machine) -> None:
    machine.run()
    machine.calls()
    assert machine.run("boot") == 0
    assert [call.split()[:2] for call in machine.calls()] == [["aws", "ssm"]]


def test_a_start_after_a_deploy_installs_the_new_version(machine: Machine) -> None:
    machine.run()
    machine.calls()
    machine.tell("2.0")
    assert machine.run("boot") == 0
    assert any("inkling-2.0-py3-none-any.whl" in call for call in machine.calls())
    assert "2.0" in machine.read("opt/inkling/installed")


def test_a_start_goes_on_with_what_it_was_told_last_when_nobody_answers(machine: Machine) -> None:
    machine.run()
    (machine.root / "parameter").unlink()
    assert machine.run("boot") == 0
    assert "INKLING_AWS_TABLE=jobs" in machine.read("etc/inkling/worker.env")
    assert machine.run("anew=no") != 0


def test_an_update_restarts_and_installs_again_only_when_asked(machine: Machine) -> None:
    machine.run()
    machine.calls()
    assert machine.run("anew=no") == 0
    calls = machine.calls()
    assert not any(call.startswith("pip") for call in calls)
    assert calls[-1] == "systemctl restart --no-block inkling-worker.service"
    assert machine.run("anew=yes") == 0
    assert any(call.startswith("pip") for call in machine.calls())


def test_a_version_that_does_not_install_leaves_the_old_one(machine: Machine) -> None:
    machine.run()
    machine.tell("2.0")
    (machine.root / "broken").touch()
    assert machine.run("anew=no") != 0
    assert "1.0" in machine.read("opt/inkling/installed")
    assert (machine.root / "opt/inkling/venv/bin/python").is_file()
    (machine.root / "broken").unlink()
    assert machine.run("boot") == 0
    assert "2.0" in machine.read("opt/inkling/installed")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze here")
def test_systemd_has_nothing_to_say_against_its_unit(tmp_path: Path) -> None:
    unit = (resources.files("backends.aws.deploy") / "inkling-setup.service").read_text()
    file = tmp_path / "inkling-setup.service"
    file.write_text(unit.replace("/usr/local/sbin/inkling-setup", "/bin/true"))
    run = subprocess.run(["systemd-analyze", "verify", str(file)], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
