"""The CloudFormation stack: read, made or changed by a change set, deleted; its events told while that takes time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from ulid import ULID

from backends.aws.calls import AwsFailed, asking, code_of
from backends.aws.deploy.account import Account
from backends.aws.deploy.watcher import Watcher

if TYPE_CHECKING:
    from types_boto3_cloudformation.literals import ChangeSetTypeType
    from types_boto3_cloudformation.type_defs import ParameterTypeDef, StackEventTypeDef

WHAT = "CloudFormation"
POLL_S = 2.0
PATIENCE_S = 3600.0
_NEVER_MADE = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "REVIEW_IN_PROGRESS", "DELETE_FAILED"}
"""Can only be deleted."""
_GOOD = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"}
_NO_CHANGE = ("didn't contain changes", "No updates are to be performed", "no changes")


@dataclass(frozen=True, slots=True)
class StackState:
    status: str
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]

    @property
    def is_good(self) -> bool:
        return self.status in _GOOD or self.status == "UPDATE_ROLLBACK_COMPLETE"

    @property
    def is_busy(self) -> bool:
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"

    def output(self, name: str) -> str:
        """Raises AwsFailed for what this stack does not have."""
        if name not in self.outputs:
            raise AwsFailed(f"The stack says nothing of its {name}; run `inkling aws deploy` again.")
        return self.outputs[name]


class Stack:
    """Raises AwsFailed."""

    def __init__(self, account: Account, name: str, watcher: Watcher, pause: Callable[[float], None] = time.sleep):
        self._account = account
        self._watcher = watcher
        self._pause = pause
        self.name = name

    def state(self) -> StackState | None:
        """None when there is no such stack."""
        with asking(WHAT):
            try:
                (found,) = self._account.cloudformation.describe_stacks(StackName=self.name)["Stacks"]
            except ClientError as error:
                if "does not exist" not in str(error):
                    raise
                return None
        parameters = {each["ParameterKey"]: each.get("ParameterValue", "") for each in found.get("Parameters", ())}
        outputs = {each["OutputKey"]: each.get("OutputValue", "") for each in found.get("Outputs", ())}
        return StackState(found["StackStatus"], parameters, outputs)

    def existing(self) -> StackState:
        """Raises AwsFailed when there is none, too."""
        state = self.state()
        if state is None:
            raise AwsFailed(
                f"There is no stack {self.name} in {self._account.region}; `inkling aws deploy` makes one, "
                "--stack and --region name another."
            )
        return state

    def declared(self, template: str) -> frozenset[str]:
        """The template's parameters. Raises AwsFailed, with CloudFormation's reason, when it can't be read."""
        with asking(WHAT), _refusing("the template"):
            answer = self._account.cloudformation.get_template_summary(TemplateBody=template)
        return frozenset(each.get("ParameterKey", "") for each in answer.get("Parameters", ()))

    def apply(self, template: str, given: Mapping[str, str]) -> StackState:
        """Make the stack, or change what differs; parameters that are not given stay as they are."""
        before = self.state()
        if before is not None and before.status in _NEVER_MADE:
            self._watcher.note(f"The stack was left as {before.status}; removing it first")
            self.delete()
            before = None
        if before is not None and before.is_busy:
            raise AwsFailed(f"The stack {self.name} is being changed already ({before.status}); wait until that ends.")
        known = before.parameters if before else {}
        parameters = _parameters(given, known, self.declared(template))
        change_set = self._change_set(template, parameters, "UPDATE" if before else "CREATE")
        if change_set is None:
            self._watcher.note("Nothing to change in the stack")
            return self.existing()
        seen = self._seen_events() if before else set()
        with asking(WHAT):
            self._account.cloudformation.execute_change_set(StackName=self.name, ChangeSetName=change_set)
        return self._follow(seen)

    def delete(self) -> None:
        if self.state() is None:
            return
        seen = self._seen_events()
        with asking(WHAT):
            self._account.cloudformation.delete_stack(StackName=self.name)
        failure = self._watch(seen, until=lambda state: state is None or not state.is_busy)
        state = self.state()
        if state is not None and state.status != "DELETE_COMPLETE":
            raise AwsFailed(f"The stack could not be deleted ({state.status}): {failure}")

    def _change_set(self, template: str, parameters: list[ParameterTypeDef], kind: ChangeSetTypeType) -> str | None:
        """Its ARN, ready to be executed; None when there is nothing to change."""
        with asking(WHAT), _refusing("the parameters"):
            made = self._account.cloudformation.create_change_set(
                StackName=self.name,
                ChangeSetName=f"inkling-{str(ULID()).lower()}",
                ChangeSetType=kind,
                TemplateBody=template,
                Parameters=parameters,
                Capabilities=["CAPABILITY_IAM"],
                Tags=[{"Key": "application", "Value": "inkling"}],
            )
            status, reason = self._settled(made["Id"])
            if status == "CREATE_COMPLETE":
                return made["Id"]
            self._account.cloudformation.delete_change_set(StackName=self.name, ChangeSetName=made["Id"])
        if any(words in reason for words in _NO_CHANGE):
            return None
        raise AwsFailed(f"CloudFormation refuses the change: {reason.rstrip('.')}.")

    def _settled(self, change_set: str) -> tuple[str, str]:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            answer = self._account.cloudformation.describe_change_set(ChangeSetName=change_set, StackName=self.name)
            if answer["Status"] in {"CREATE_COMPLETE", "FAILED"}:
                return answer["Status"], answer.get("StatusReason", "")
            self._pause(POLL_S)
        raise AwsFailed("CloudFormation did not say within an hour what would change.")

    def _follow(self, seen: set[str]) -> StackState:
        failure = self._watch(seen, until=lambda state: state is not None and not state.is_busy)
        state = self.existing()
        if state.status not in _GOOD:
            raise AwsFailed(f"The stack was not changed ({state.status}): {failure}")
        return state

    def _watch(self, seen: set[str], until: Callable[[StackState | None], bool]) -> str:
        """The reason of the first thing that failed meanwhile."""
        failures: list[str] = []
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            done = until(self.state())
            for event in self._events():
                if event["EventId"] not in seen:
                    seen.add(event["EventId"])
                    failures += self._tell(event)
            if done:
                return failures[0] if failures else "its events in the console say why."
            self._pause(POLL_S)
        raise AwsFailed(f"The stack {self.name} is still being changed after an hour; see its events in the console.")

    def _tell(self, event: StackEventTypeDef) -> list[str]:
        """Its failure, if it is one."""
        status, name = event.get("ResourceStatus", ""), event.get("LogicalResourceId", "")
        if status.endswith("_COMPLETE") and name != self.name:
            self._watcher.step(f"{name}: {status.lower().replace('_', ' ')}")
        reason = event.get("ResourceStatusReason", "")
        if not status.endswith("_FAILED") or "cancelled" in reason:
            return []
        failure = f"{name}: {reason.rstrip('.')}."
        self._watcher.note(failure)
        return [failure]

    def _events(self) -> list[StackEventTypeDef]:
        """Oldest first; none once the stack is gone."""
        with asking(WHAT):
            try:
                answer = self._account.cloudformation.describe_stack_events(StackName=self.name)
            except ClientError as error:
                if "does not exist" not in str(error):
                    raise
                return []
        return list(reversed(answer["StackEvents"]))

    def _seen_events(self) -> set[str]:
        return {event["EventId"] for event in self._events()}


def _parameters(given: Mapping[str, str], known: Mapping[str, str], declared: frozenset[str]) -> list[ParameterTypeDef]:
    unknown = sorted(given.keys() - declared)
    if unknown:
        raise AwsFailed(f"The template has no parameter {unknown[0]}; it and this version of Inkling don't fit.")
    kept = (known.keys() & declared) - given.keys()
    fresh: list[ParameterTypeDef] = [{"ParameterKey": key, "ParameterValue": given[key]} for key in sorted(given)]
    return fresh + [{"ParameterKey": key, "UsePreviousValue": True} for key in sorted(kept)]


@contextmanager
def _refusing(what: str) -> Iterator[None]:
    """CloudFormation's own words, when it finds a mistake."""
    try:
        yield
    except ClientError as error:
        if code_of(error) != "ValidationError":
            raise
        reason = str(error.response.get("Error", {}).get("Message", "")).rstrip(".")
        raise AwsFailed(f"CloudFormation refuses {what}: {reason}.", "ValidationError") from error
