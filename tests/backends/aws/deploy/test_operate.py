"""Looking after machines: only by the stack's own documents, with what they list."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from botocore.stub import Stubber

from backends.aws.calls import AwsFailed
from backends.aws.deploy.account import Account
from backends.aws.deploy.operate import Operator, Said
from backends.aws.deploy.stack import Stack
from tests.backends.aws.deploy.test_stack import NAME, NOW
from tests.fakes.watching import Watching


class Machines:
    """A stack with machines in these states."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.ssm, self.ec2 = Stubber(account.ssm), Stubber(account.ec2)
        self.cloudformation = Stubber(account.cloudformation)
        watching = Watching()
        stack = Stack(account, NAME, watching)
        self.operator = Operator(account, stack, watching, pause=lambda _: None)

    def are(self, *states: str, mode: str = "ec2") -> None:
        outputs = [{"OutputKey": "Machine", "OutputValue": "i-1"}]
        found = {"StackName": NAME, "CreationTime": NOW, "StackStatus": "CREATE_COMPLETE", "Outputs": outputs}
        found |= {"Parameters": [{"ParameterKey": "Mode", "ParameterValue": mode}]}
        self.cloudformation.add_response("describe_stacks", {"Stacks": [found]})
        instances = [
            {"InstanceId": f"i-{number}", "State": {"Name": state}, "InstanceType": "c6i.xlarge"}
            for number, state in enumerate(states, 1)
        ]
        self.ec2.add_response("describe_instances", {"Reservations": [{"Instances": instances}]})

    def take(self, document: str, **parameters: str) -> None:
        asked = {
            "DocumentName": f"{NAME}-{document}",
            "InstanceIds": ["i-1"],
            "Parameters": {name: [value] for name, value in parameters.items()},
            "TimeoutSeconds": 60,
        }
        self.ssm.add_response("send_command", {"Command": {"CommandId": "c" * 36}}, asked)

    def answer(self, status: str, output: str = "", error: str = "") -> None:
        said = {"Status": status, "StandardOutputContent": output, "StandardErrorContent": error}
        self.ssm.add_response("get_command_invocation", said)


@pytest.fixture
def machines(account: Account) -> Iterator[Machines]:
    machines = Machines(account)
    with machines.ssm, machines.ec2, machines.cloudformation:
        yield machines
        machines.ssm.assert_no_pending_responses()


def test_an_update_waits_for_what_the_machine_says(machines: Machines) -> None:
    machines.are("running")
    machines.take("update", Anew="no")
    machines.ssm.add_client_error("get_command_invocation", "InvocationDoesNotExist")
    machines.answer("InProgress")
    machines.answer("Success", "installed\n")
    assert machines.operator.update() == [Said("i-1", True, "installed")]


def test_a_failure_brings_what_was_said(machines: Machines) -> None:
    machines.are("running", "stopped")
    machines.take("restart", Unit="inkling-worker")
    machines.answer("Failed", "", "no such unit")
    assert machines.operator.restart() == [Said("i-1", False, "no such unit")]


def test_logs_ask_for_a_number_of_lines(machines: Machines) -> None:
    machines.are("running")
    machines.take("logs", Lines="42")
    machines.answer("Success", "a\nb")
    assert machines.operator.logs(42)[0].output == "a\nb"


def test_nobody_is_asked_when_no_machine_is_on(machines: Machines) -> None:
    machines.are("stopped")
    assert machines.operator.update(anew=True) == []


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("InvalidInstanceId", "Systems Manager doesn't know it yet"),
        ("InvalidDocument", "no document to logs with; deploy it again with --operations"),
        ("AccessDeniedException", "doesn't allow SendCommand"),
    ],
)
def test_a_refusal_says_what_to_do(machines: Machines, code: str, words: str) -> None:
    machines.are("running")
    machines.ssm.add_client_error("send_command", code)
    with pytest.raises(AwsFailed, match=words):
        machines.operator.logs(1)


def test_lambda_is_not_operated(machines: Machines) -> None:
    machines.are("running", mode="serverless")
    with pytest.raises(AwsFailed, match="no machine"):
        machines.operator.restart()
