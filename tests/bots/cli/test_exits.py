"""How commands end."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from bots.cli.exits import run
from config.errors import (
    BackendUnavailable,
    EngineFailed,
    EngineRefused,
    InklingError,
    InvalidOptions,
    InvalidSettings,
    NotAllowed,
    NotFound,
    Overloaded,
)
from tests.fakes.command_line import ECHO, environment
from tests.fakes.sentences import check_sentence


def app_that(act: Callable[[], object]) -> typer.Typer:
    app = typer.Typer()
    app.command()(lambda: act())
    return app


def raising(error: BaseException) -> Callable[[], object]:
    def act() -> object:
        raise error

    return act


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidOptions("It is wrong."), 2),
        (InvalidSettings("It is wrong."), 2),
        (NotFound("It is wrong."), 2),
        (NotAllowed("It is wrong."), 2),
        (EngineRefused("It is wrong."), 2),
        (BackendUnavailable("It is wrong."), 1),
        (EngineFailed("It is wrong."), 1),
        (Overloaded("It is wrong."), 1),
        (InklingError("It is wrong."), 1),
    ],
)
def test_error_is_its_sentence(error: InklingError, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([], app_that(raising(error))) == code
    assert capsys.readouterr() == ("", "It is wrong.\n")


def test_ctrl_c() -> None:
    assert run([], app_that(raising(KeyboardInterrupt()))) == 130


def test_code_of_the_command() -> None:
    assert run([], app_that(lambda: 7)) == 7
    assert run([], app_that(lambda: None)) == 0


def run_broken(home: Path, settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    program = (
        "import sys, typer\nfrom bots.cli.exits import run\n"
        "app = typer.Typer()\n@app.command()\ndef broken() -> None:\n    raise KeyError('the secret')\n"
        "sys.exit(run([], app))\n"
    )
    return subprocess.run(
        [sys.executable, "-c", program],
        env=environment(home, settings),
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )


def test_bug_is_one_sentence(tmp_path: Path) -> None:
    finished = run_broken(tmp_path, ECHO)
    assert (finished.returncode, finished.stdout) == (1, "")
    check_sentence(finished.stderr.removesuffix("\n"))
    assert "KeyError" in finished.stderr
    assert "INKLING_LOG__LEVEL=debug" in finished.stderr


def test_bug_has_a_traceback_for_those_who_ask(tmp_path: Path) -> None:
    finished = run_broken(tmp_path, {**ECHO, "INKLING_LOG__LEVEL": "debug"})
    assert finished.returncode == 1
    assert "Traceback" in finished.stderr
    assert "run it again with" in finished.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    "command", [[], ["complete"], ["chat"], ["run"], ["models"], ["config"], ["config", "show"], ["config", "init"]]
)
def test_help_has_examples(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*command, "--help"]) == 0
    shown = capsys.readouterr().out
    assert "Examples" in shown
    assert f"$ {' '.join(['inkling', *command])}" in shown or command == ["config", "path"]


def test_alone_shows_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0
    alone = capsys.readouterr().out
    run(["--help"])
    assert alone.split() == capsys.readouterr().out.split()


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("inkling ")


def test_help_of_complete_states_every_range(capsys: pytest.CaptureFixture[str]) -> None:
    run(["complete", "--help"])
    shown = " ".join(capsys.readouterr().out.replace("│", " ").split())
    for part in ("--temperature", "--top-n", "--num-samples", "-n", "(0 – 2; 0.8)", "(1 – 2; 1)", "random)"):
        assert part in shown


def test_help_is_light() -> None:
    program = (
        "import sys; from bots.cli.exits import run; run(['--help'])\n"
        "heavy = {'aiohttp', 'structlog', 'torch', 'sqlite3'} & set(sys.modules)\n"
        "sys.exit(f'imports {heavy}' if heavy else 0)\n"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr


INTERRUPTED_WHILE_IT_LOADS = """
import sys

class Interruption:
    def find_spec(self, name, path=None, target=None):
        if name == "typer":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interruption())
from bots.__main__ import main
main()
"""


def test_an_interrupt_while_the_command_loads_is_quiet() -> None:
    finished = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_WHILE_IT_LOADS], capture_output=True, text=True, timeout=60
    )
    assert (finished.returncode, finished.stderr) == (130, "")


@pytest.mark.parametrize("arguments", [["--version"], ["config", "show"], ["config", "options"], ["models"]])
def test_output_on_a_full_disk_is_said_to_fail(arguments: list[str], tmp_path: Path) -> None:
    with open("/dev/full", "w") as full:
        finished = subprocess.run(
            [sys.executable, "-m", "bots", *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(tmp_path, ECHO),
            timeout=60,
        )
    assert finished.returncode == 1
    assert finished.stderr == "I can't write to standard output: no space left on device.\n"
