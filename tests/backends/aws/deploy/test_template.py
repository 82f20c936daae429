"""The shipped template: cfn-lint's rules and our own, in every mode."""

from __future__ import annotations

import base64
import re
import subprocess
import zipfile
from collections.abc import Iterator
from importlib import resources
from io import BytesIO
from typing import Any, get_args

import pytest
from cfnlint import lint
from cfnlint.config import ManualArgs
from cfnlint.decode.cfn_yaml import loads

from backends.aws.deploy.bundle import AMONG_LAMBDA, FOR_MODELS, FUNCTIONS, WORKER, InstalledPackages, bundle
from backends.aws.deploy.deploy import TEMPLATE_BYTES, read_template
from backends.aws.deploy.wishes import Wishes
from backends.aws.jobs.items import TTL_ATTRIBUTE
from backends.aws.jobs.schema import table_definition
from config.aws import AwsMode, Deployment

TEMPLATE = loads(read_template())
RESOURCES: dict[str, dict[str, Any]] = TEMPLATE["Resources"]
# What AWS can narrow to no resource, each with the reason in its service's list of actions.
UNBOUND = {
    "autoscaling:DescribeAutoScalingGroups",
    "cloudwatch:PutMetricData",
    "ec2:DescribeInstances",
    "ec2messages:AcknowledgeMessage",
    "ec2messages:DeleteMessage",
    "ec2messages:FailMessage",
    "ec2messages:GetEndpoint",
    "ec2messages:GetMessages",
    "ec2messages:SendReply",
    "ecr:GetAuthorizationToken",
    "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
}


def of_type(kind: str) -> dict[str, dict[str, Any]]:
    return {name: each["Properties"] for name, each in RESOURCES.items() if each["Type"] == kind}


def walk(node: Any) -> Iterator[Any]:
    yield node
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for child in children:
        yield from walk(child)


def statements() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement of a role or policy, but who may take on a role."""
    for name, resource in RESOURCES.items():
        if resource["Type"].startswith("AWS::IAM"):
            for node in walk(resource["Properties"]):
                if isinstance(node, dict) and "Effect" in node and "Principal" not in node:
                    yield name, node


def actions(statement: dict[str, Any]) -> list[str]:
    return [statement["Action"]] if isinstance(statement["Action"], str) else list(statement["Action"])


def test_cfn_lint_has_nothing_to_say() -> None:
    matches = lint(read_template(), config=ManualArgs(regions=["eu-west-1", "us-east-1"]))
    assert [str(match) for match in matches] == []


def test_it_can_be_sent_as_it_is() -> None:
    assert len(read_template().encode()) < TEMPLATE_BYTES


def test_it_knows_every_mode() -> None:
    assert TEMPLATE["Parameters"]["Mode"]["AllowedValues"] == list(get_args(AwsMode))


def test_it_declares_what_can_be_wished_for() -> None:
    every = Wishes(
        "ec2", "m", "u", "c7g.large", "c", "i", "a", "v", ("s",), 2, True, 5.0, 3, "a@b.c", True, True, 2, 1024
    )
    assert every.parameters().keys() <= TEMPLATE["Parameters"].keys()
    assert len(every.parameters()) == 19


# Rights


def test_no_right_is_open_ended() -> None:
    assert list(statements())
    for name, statement in statements():
        assert statement["Effect"] == "Allow"
        assert not {"NotAction", "NotResource"} & statement.keys()
        for action in actions(statement):
            assert "*" not in action, f"{name} may do {action}"
            if statement["Resource"] == "*":
                assert action in UNBOUND, f"{name} may do {action} to everything"


def test_roles_bring_nobody_else_s_policies() -> None:
    for name, role in of_type("AWS::IAM::Role").items():
        assert "ManagedPolicyArns" not in role, name


def test_nobody_may_run_commands_on_machines() -> None:
    assert "AWS-RunShellScript" not in read_template()
    for name, statement in statements():
        for action in actions(statement):
            assert action.lower() not in {"ssm:sendcommand", "ssm:startsession"}, name


def test_a_worker_can_neither_start_machines_nor_answer_for_people_s_keys() -> None:
    for name in ("WorkerRole", "MachineRole"):
        own = [statement for owner, statement in statements() if owner == name]
        assert not [each for each in own for action in actions(each) if action.startswith("ec2:")]
        (table,) = [each for each in own if "dynamodb:PutItem" in actions(each)]
        keys = table["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
        assert not any(key.startswith(("key", "*")) for key in keys)


# Data


def test_the_job_table_is_the_one_the_code_knows() -> None:
    table = RESOURCES["JobTable"]["Properties"]
    wanted = dict(table_definition("jobs"))
    del wanted["TableName"]
    assert {name: table[name] for name in wanted} == wanted
    assert table["TimeToLiveSpecification"] == {"AttributeName": TTL_ATTRIBUTE, "Enabled": True}


def test_tables_forget_are_encrypted_and_can_be_restored() -> None:
    tables = of_type("AWS::DynamoDB::Table")
    assert tables.keys() == {"JobTable", "StoreTable"}
    for table in tables.values():
        assert table["TimeToLiveSpecification"]["Enabled"] is True
        assert table["SSESpecification"]["SSEEnabled"] is True
        assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True


def test_what_holds_data_says_what_becomes_of_it() -> None:
    kinds = {"AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::Logs::LogGroup", "AWS::ECR::Repository"}
    for name, resource in RESOURCES.items():
        if resource["Type"] in kinds:
            wanted = "Retain" if name == "StoreTable" else "Delete"
            assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == (wanted, wanted), name


def test_queues_are_encrypted_and_lead_to_the_dead_queue() -> None:
    queues = of_type("AWS::SQS::Queue")
    for name, queue in queues.items():
        assert queue["SqsManagedSseEnabled"] is True, name
    for name in ("WorkQueue", "SpareQueue"):
        assert queues[name]["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": ["DeadQueue", "Arn"]}


def test_logs_are_not_kept_for_ever() -> None:
    assert all("RetentionInDays" in group for group in of_type("AWS::Logs::LogGroup").values())
    for name, function in of_type("AWS::Lambda::Function").items():
        assert function["LoggingConfig"]["LogGroup"]["Ref"] in of_type("AWS::Logs::LogGroup"), name


# The API


def test_every_route_asks_who_it_is_and_is_one_the_code_has() -> None:
    source = (resources.files("backends.aws.api") / "api.py").read_text()
    routes = of_type("AWS::ApiGatewayV2::Route")
    assert len(routes) == 5
    for route in routes.values():
        assert route["AuthorizationType"] == "AWS_IAM"
        method, path = re.sub(r"\{(\w+)\}", r"{\1}", route["RouteKey"]).split()
        assert re.search(rf"^{method} +{re.escape(path)}[ ?]", source, re.MULTILINE), route["RouteKey"]
    settings = RESOURCES["ApiStage"]["Properties"]["DefaultRouteSettings"]
    assert settings.keys() == {"ThrottlingBurstLimit", "ThrottlingRateLimit"}


# Functions


def test_handlers_are_in_the_zips_and_told_what_they_read() -> None:
    packages = InstalledPackages()
    names = {
        "functions": set(zipfile.ZipFile(BytesIO(bundle(FUNCTIONS, packages))).namelist()),
        "worker": set(zipfile.ZipFile(BytesIO(bundle(WORKER, packages, AMONG_LAMBDA + FOR_MODELS))).namelist()),
    }
    known = {f"INKLING_AWS_{name.upper()}" for name in Deployment.model_fields}
    for name, function in of_type("AWS::Lambda::Function").items():
        handler = function["Handler"]
        handler = handler["Fn::If"][2] if isinstance(handler, dict) else handler
        file = handler.removesuffix(".handler").replace(".", "/") + ".py"
        assert file in names["worker" if name == "WorkerFn" else "functions"]
        told = {each for each in function["Environment"]["Variables"] if each.startswith("INKLING_AWS_")}
        assert {"INKLING_AWS_TABLE", "INKLING_AWS_QUEUE_URL"} <= told <= known


def test_a_message_is_hidden_for_as_long_as_its_function_may_take() -> None:
    functions = of_type("AWS::Lambda::Function")
    worker = functions["WorkerFn"]["Timeout"]
    assert RESOURCES["SpareQueue"]["Properties"]["VisibilityTimeout"] >= worker
    assert RESOURCES["WorkQueue"]["Properties"]["VisibilityTimeout"]["Fn::If"][1] >= worker
    assert RESOURCES["DeadQueue"]["Properties"]["VisibilityTimeout"] >= functions["FailFn"]["Timeout"] * 6
    assert RESOURCES["TickQueue"]["Properties"]["VisibilityTimeout"] >= functions["TickFn"]["Timeout"]


# Machines


def test_machines_are_closed_and_ask_for_tokens() -> None:
    data = RESOURCES["MachineTemplate"]["Properties"]["LaunchTemplateData"]
    assert data["MetadataOptions"] == {
        "HttpTokens": "required",
        "HttpEndpoint": "enabled",
        "HttpPutResponseHopLimit": 1,
    }
    assert all(each["Ebs"]["Encrypted"] is True for each in data["BlockDeviceMappings"])
    assert data["InstanceInitiatedShutdownBehavior"]["Fn::If"][2] == "stop"
    assert "KeyName" not in data
    (group,) = of_type("AWS::EC2::SecurityGroup").values()
    assert group["SecurityGroupIngress"] == []
    assert {(each["FromPort"], each["ToPort"]) for each in group["SecurityGroupEgress"]} == {(443, 443)}


def test_a_fleet_goes_to_nought_and_shrinks_by_its_machines_alone() -> None:
    fleet = RESOURCES["Fleet"]["Properties"]
    assert (fleet["MinSize"], fleet["DesiredCapacity"]) == ("0", "0")
    growth = RESOURCES["FleetGrowth"]["Properties"]["TargetTrackingConfiguration"]
    assert growth["DisableScaleIn"] is True


def test_documents_take_one_listed_word_as_data() -> None:
    documents = of_type("AWS::SSM::Document")
    assert len(documents) == 3
    for name, document in documents.items():
        content = document["Content"]
        ((word, parameter),) = content["parameters"].items()
        assert parameter["interpolationType"] == "ENV_VAR"
        pattern = parameter["allowedPattern"]
        assert pattern.startswith("^")
        assert pattern.endswith("$")
        assert re.fullmatch(pattern, parameter["default"])
        for attack in ("", "x; id", "$(id)", "1\n2", "../x", "1 2"):
            assert not re.fullmatch(pattern, attack), name
        script = script_of(document)
        assert "{{" not in script
        assert f"$SSM_{word}" in script


def script_of(document: dict[str, Any]) -> str:
    (step,) = document["Content"]["mainSteps"]
    lines = step["inputs"]["runCommand"]
    return "\n".join(filled(line["Fn::Sub"]) if isinstance(line, dict) else line for line in lines)


def filled(text: str) -> str:
    return re.sub(r"\$\{[A-Za-z:]+\}", "value", text)


def user_data() -> str:
    data = RESOURCES["MachineTemplate"]["Properties"]["LaunchTemplateData"]["UserData"]
    return filled(data["Fn::Base64"]["Fn::Sub"])


@pytest.mark.parametrize("name", ["UpdateDocument", "RestartDocument", "LogsDocument", "user data"])
def test_scripts_are_ones(name: str) -> None:
    script = user_data() if name == "user data" else script_of(RESOURCES[name]["Properties"])
    run = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    assert len(base64.b64encode(script.encode())) < 16_384


def test_a_machine_is_told_what_a_worker_reads() -> None:
    lines = RESOURCES["MachineSettings"]["Properties"]["Value"]["Fn::Sub"][0].splitlines()
    names = {line.partition("=")[0] for line in lines}
    known = {f"INKLING_AWS_{name.upper()}" for name in Deployment.model_fields}
    assert {name for name in names if name.startswith("INKLING_AWS_")} <= known
    script = (resources.files("backends.aws.deploy") / "setup_machine.sh").read_text()
    installs = {name for name in names if name.startswith("INSTALL_")}
    for name in installs - {"INSTALL_SETUP"}:
        assert f"setting {name})" in script
    assert "s/^INSTALL_SETUP=//p" in user_data()


# Whoever watches


def test_somebody_is_told_when_something_is_wrong() -> None:
    alarms = of_type("AWS::CloudWatch::Alarm")
    assert alarms.keys() == {"DeadQueueAlarm", "JobAgeAlarm", "TickAlarm", "IdleMachineAlarm"}
    assert alarms["IdleMachineAlarm"]["AlarmActions"][0]["Fn::Sub"].endswith(":ec2:stop")
    budget = RESOURCES["Budget"]["Properties"]["Budget"]
    assert budget["BudgetLimit"]["Amount"] == {"Ref": "BudgetUsd"}
