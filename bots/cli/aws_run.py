"""How the commands of `inkling aws` go, and how they tell it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from bots.cli.aws_report import MARKS, settings_text, status_rows, trial_line
from bots.cli.exit_codes import FAILED
from bots.cli.tables import print_table
from bots.cli.terminal import Terminal
from config.errors import InvalidOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from backends.aws.deploy.operate import Operator, Said
    from backends.aws.deploy.wishes import Wishes


class TerminalWatcher:
    """Steps as a spinner that changes its words, or a line each in a pipe; notes as lines that stay."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    def step(self, what: str) -> None:
        self._terminal.wait(f"{what} …")

    def note(self, line: str) -> None:
        self._terminal.say(line)


class AwsRun:
    """Raises InklingError."""

    def __init__(self, stack: str, region: str | None, profile: str | None, *, by_function: bool = False) -> None:
        from backends.aws.deploy.desk import Desk  # boto3 is loaded only where it is used

        self._terminal = Terminal.standard()
        self._stack = stack
        self._desk = Desk(stack, region, profile, TerminalWatcher(self._terminal), by_function=by_function)

    def deploy(self, wishes: Wishes, *, attempt: bool, local_packages: bool) -> None:
        made = self._desk.deploy(wishes, local_packages=local_packages)
        for answer in made.machines:
            if not answer.succeeded:
                self._terminal.say(f"{answer.machine} could not be brought up to date: {answer.output}", "red")
        if attempt:
            self._terminal.say(trial_line(self._desk.try_out(made.settings)))
        self._terminal.say("Put this into inkling.toml:\n")
        typer.echo(settings_text(made.settings, made.state))

    def status(self) -> None:
        report = self._desk.status()
        self._terminal.end_wait()
        print_table(("What", "How it is"), status_rows(report))

    def doctor(self, *, quick: bool) -> int:
        ills = 0
        for finding in self._desk.findings(quick=quick):
            self._terminal.end_wait()
            typer.echo(f"{MARKS[finding.verdict]} {finding.about}: {finding.sentence}")
            if finding.mend:
                typer.echo(f"  → {finding.mend}")
            ills += finding.verdict == "wrong"
        self._terminal.end_wait()
        return FAILED if ills else 0

    def operate(self, ask: Callable[[Operator], Sequence[Said]]) -> int:
        answers = ask(self._desk.operator)
        self._terminal.end_wait()
        if not answers:
            self._terminal.say("No machine is on; one has the newest version and settings when it starts.")
        for answer in answers:
            self._terminal.write(f"{answer.output}\n" if answer.output else "")
            if not answer.succeeded:
                self._terminal.say(f"{answer.machine} could not do it; what it said is above.", "red")
        return 0 if all(answer.succeeded for answer in answers) else FAILED

    def destroy(self, *, sure: bool) -> None:
        kept = self._desk.kept()
        if not sure:
            if not sys.stdin.isatty():
                raise InvalidOptions("There is nobody to ask whether that is meant; add --yes.", "yes")
            typer.confirm(f"Delete the stack {self._stack} in {self._desk.region}?", abort=True, err=True)
        self._desk.destroy()
        for each in kept:
            self._terminal.say(f"Kept: {each.what}. To remove it: {each.how_to_remove}")
