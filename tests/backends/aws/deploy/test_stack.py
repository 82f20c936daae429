"""A stack's making and changing, by what CloudFormation answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import ANY, Stubber

from backends.aws.calls import AwsFailed
from backends.aws.deploy.account import Account
from backends.aws.deploy.stack import Stack
from tests.fakes.watching import Watching

NAME = "inkling"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
TEMPLATE = "Resources: {}"


class Script:
    """What CloudFormation is asked, in this order, and answers."""

    def __init__(self, account: Account) -> None:
        self.stubs = Stubber(account.cloudformation)
        self.watching = Watching()
        self.stack = Stack(account, NAME, self.watching, pause=lambda _: None)

    def says(self, call: str, answer: dict[str, Any], **asked: Any) -> Script:
        self.stubs.add_response(call, answer, asked or None)
        return self

    def is_in(self, status: str, **parameters: str) -> Script:
        found = {
            "StackName": NAME,
            "CreationTime": NOW,
            "StackStatus": status,
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        }
        return self.says("describe_stacks", {"Stacks": [found]})

    def is_not_there(self) -> Script:
        self.stubs.add_client_error("describe_stacks", "ValidationError", f"Stack with id {NAME} does not exist")
        return self

    def declares(self, *parameters: str) -> Script:
        return self.says("get_template_summary", {"Parameters": [{"ParameterKey": each} for each in parameters]})

    def happened(self, *events: tuple[str, str, str, str]) -> Script:
        """Newest last, each (id, resource, status, reason)."""
        listed = [
            {
                "StackId": NAME,
                "StackName": NAME,
                "EventId": number,
                "LogicalResourceId": resource,
                "ResourceStatus": status,
                "ResourceStatusReason": reason,
                "Timestamp": NOW,
            }
            for number, resource, status, reason in reversed(events)
        ]
        return self.says("describe_stack_events", {"StackEvents": listed})

    def would_change(self, status: str = "CREATE_COMPLETE", reason: str = "", **asked: Any) -> Script:
        self.says("create_change_set", {"Id": "arn:set"}, **(asked or {}))
        return self.says("describe_change_set", {"Status": status, "StatusReason": reason})


@pytest.fixture
def script(account: Account) -> Iterator[Script]:
    script = Script(account)
    with script.stubs:
        yield script
        script.stubs.assert_no_pending_responses()


def change_set(kind: str, *parameters: dict[str, Any]) -> dict[str, Any]:
    return {
        "StackName": NAME,
        "ChangeSetName": ANY,
        "ChangeSetType": kind,
        "TemplateBody": TEMPLATE,
        "Parameters": list(parameters),
        "Capabilities": ["CAPABILITY_IAM"],
        "Tags": ANY,
    }


def test_it_is_made_and_its_events_are_told(script: Script) -> None:
    script.is_not_there().declares("Mode")
    script.would_change(**change_set("CREATE", {"ParameterKey": "Mode", "ParameterValue": "ec2"}))
    script.says("execute_change_set", {})
    script.is_in("CREATE_IN_PROGRESS").happened(("1", "JobTable", "CREATE_COMPLETE", ""))
    script.is_in("CREATE_COMPLETE").happened(
        ("1", "JobTable", "CREATE_COMPLETE", ""), ("2", "ApiFn", "CREATE_COMPLETE", "")
    )
    script.is_in("CREATE_COMPLETE", Mode="ec2")
    assert script.stack.apply(TEMPLATE, {"Mode": "ec2"}).parameters == {"Mode": "ec2"}
    assert script.watching.steps == ["JobTable: create complete", "ApiFn: create complete"]


def test_what_is_not_given_stays_and_what_is_no_longer_declared_goes(script: Script) -> None:
    script.is_in("UPDATE_COMPLETE", Mode="ec2", Model="gpt2", Gone="x").declares("Mode", "Model")
    new, kept = {"ParameterKey": "Mode", "ParameterValue": "fleet"}, {"ParameterKey": "Model", "UsePreviousValue": True}
    script.would_change(
        "FAILED", "The submitted information didn't contain changes.", **change_set("UPDATE", new, kept)
    )
    script.says("delete_change_set", {}).is_in("UPDATE_COMPLETE")
    script.stack.apply(TEMPLATE, {"Mode": "fleet"})
    assert script.watching.notes == ["Nothing to change in the stack"]


def test_the_first_reason_of_this_change_is_told(script: Script) -> None:
    """Not one of an earlier change, nor what was only cancelled."""
    old = ("0", "Old", "CREATE_FAILED", "long ago")
    script.is_in("UPDATE_COMPLETE").declares().would_change().happened(old).says("execute_change_set", {})
    script.is_in("UPDATE_ROLLBACK_COMPLETE").happened(
        old,
        ("1", "Other", "UPDATE_FAILED", "Resource update cancelled"),
        ("2", "Machine", "CREATE_FAILED", "You have requested more vCPU capacity than your limit of 0."),
        ("3", "Late", "CREATE_FAILED", "something else"),
    )
    script.is_in("UPDATE_ROLLBACK_COMPLETE")
    with pytest.raises(AwsFailed, match=r"\(UPDATE_ROLLBACK_COMPLETE\): Machine: You have requested more vCPU"):
        script.stack.apply(TEMPLATE, {})


def test_one_that_was_never_made_is_removed_first(script: Script) -> None:
    script.is_in("ROLLBACK_COMPLETE").is_in("ROLLBACK_COMPLETE").happened().says("delete_stack", {})
    script.is_not_there().says("describe_stack_events", {"StackEvents": []}).is_not_there()
    script.declares().would_change(**change_set("CREATE")).says("execute_change_set", {})
    script.is_in("CREATE_COMPLETE").happened().is_in("CREATE_COMPLETE")
    script.stack.apply(TEMPLATE, {})
    assert "removing it first" in script.watching.notes[0]


def test_one_that_is_being_changed_is_left_alone(script: Script) -> None:
    script.is_in("UPDATE_IN_PROGRESS")
    with pytest.raises(AwsFailed, match="is being changed already"):
        script.stack.apply(TEMPLATE, {})


def test_a_parameter_the_template_lacks_is_named(script: Script) -> None:
    script.is_not_there().declares("Mode")
    with pytest.raises(AwsFailed, match="no parameter Nope"):
        script.stack.apply(TEMPLATE, {"Nope": "1"})


def test_a_stack_that_will_not_go_says_why(script: Script) -> None:
    script.is_in("UPDATE_COMPLETE").happened().says("delete_stack", {})
    script.is_in("DELETE_FAILED").happened(("1", "MachineGroup", "DELETE_FAILED", "has a dependent object"))
    script.is_in("DELETE_FAILED")
    with pytest.raises(AwsFailed, match="MachineGroup: has a dependent object"):
        script.stack.delete()
