"""Looking after a machine by the stack's own documents of Systems Manager. Nothing anybody wrote goes through them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from botocore.exceptions import ClientError

from backends.aws.calls import AwsFailed, asking, code_of
from backends.aws.deploy.account import Account
from backends.aws.deploy.stack import Stack, StackState
from backends.aws.deploy.status import machines_of
from backends.aws.deploy.watcher import Watcher

WHAT = "Systems Manager"
POLL_S = 2.0
PATIENCE_S = 1000.0
_GOING = {"Pending", "InProgress", "Delayed", "Cancelling"}

Document = Literal["update", "restart", "logs"]


@dataclass(frozen=True, slots=True)
class Said:
    """What a machine answered."""

    machine: str
    succeeded: bool
    output: str


class Operator:
    """Raises AwsFailed."""

    def __init__(
        self, account: Account, stack: Stack, watcher: Watcher, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._account = account
        self._stack = stack
        self._watcher = watcher
        self._pause = pause

    def update(self, *, anew: bool = False) -> list[Said]:
        """Have the machines that are on install what the stack names; those that are off do so when they start."""
        return self._run("update", {"Anew": "yes" if anew else "no"})

    def restart(self) -> list[Said]:
        return self._run("restart", {"Unit": "inkling-worker"})

    def logs(self, lines: int) -> list[Said]:
        """The last `lines`, 1 to 999."""
        return self._run("logs", {"Lines": str(lines)})

    def _run(self, document: Document, parameters: dict[str, str]) -> list[Said]:
        """Empty when no machine is on."""
        machines = self._reachable(self._stack.existing())
        if not machines:
            return []
        self._watcher.step(f"Asking {len(machines)} machine{'s' if len(machines) > 1 else ''} to {document}")
        with asking(WHAT):
            try:
                answer = self._account.ssm.send_command(
                    DocumentName=f"{self._stack.name}-{document}",
                    InstanceIds=machines,
                    Parameters={name: [value] for name, value in parameters.items()},
                    TimeoutSeconds=60,
                )
            except ClientError as error:
                raise _refused(error, document) from error
        command = answer["Command"]["CommandId"]
        return [self._said(command, machine) for machine in machines]

    def _reachable(self, state: StackState) -> list[str]:
        if state.parameters.get("Mode") == "serverless":
            raise AwsFailed("This stack has no machine: Lambda works, and a new deploy brings it up to date.")
        return [machine.id for machine in machines_of(self._account, state) if machine.state == "running"]

    def _said(self, command: str, machine: str) -> Said:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            with asking(WHAT):
                try:
                    answer = self._account.ssm.get_command_invocation(CommandId=command, InstanceId=machine)
                except ClientError as error:
                    if code_of(error) != "InvocationDoesNotExist":  # it is not there at once
                        raise
                    self._pause(POLL_S)
                    continue
            if answer["Status"] not in _GOING:
                output = answer.get("StandardOutputContent", "") + answer.get("StandardErrorContent", "")
                return Said(machine, answer["Status"] == "Success", output.strip())
            self._pause(POLL_S)
        raise AwsFailed(f"{machine} did not answer within {PATIENCE_S / 60:.0f} minutes; is its agent running?")


def _refused(error: ClientError, document: Document) -> AwsFailed | ClientError:
    code = code_of(error)
    if code in {"InvalidInstanceId", "InvalidInstanceInformationFilterValue"}:
        return AwsFailed(
            "The machine is on, but Systems Manager doesn't know it yet; try again in a minute. "
            "One that was there before needs the stack's instance profile.",
            code,
        )
    if code in {"InvalidDocument", "InvalidDocumentVersion"}:
        return AwsFailed(f"The stack has no document to {document} with; deploy it again with --operations.", code)
    return error
