"""Mode ec2 from the shipped template, on a machine that was there: woken by a request, with what the stack tells it."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import pytest

from tests.backends.contract import complete, request
from tests.fakes.aws_stack import FROM_HERE, NAME, AwsStack, aws_stack
from tests.fakes.command_line import ROOT
from tests.fakes.completions import MODEL

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
WITHIN_S = 60.0


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsStack]:
    with aws_stack(tmp_path) as stack:
        machine = a_stopped_machine(stack)
        # No documents: MiniStack knows no Systems Manager's. No attempt, since nobody is on the machine yet.
        mode = ("--mode", "ec2", "--instance-id", machine, "--no-operations", "--no-try")
        told = stack.inkling("deploy", *mode, "--remote-url", stack.writer_url, "--model", MODEL, *FROM_HERE)
        assert told.code == 0, told.err
        for name, value in stack.aws.environment.items():
            monkeypatch.setenv(name, value)
        yield stack


def a_stopped_machine(stack: AwsStack) -> str:
    ec2 = stack.aws.client("ec2")
    made = ec2.run_instances(ImageId="ami-12345678", MinCount=1, MaxCount=1, InstanceType="c6i.xlarge")
    machine = str(made["Instances"][0]["InstanceId"])
    ec2.stop_instances(InstanceIds=[machine])
    return machine


def state_of(stack: AwsStack) -> str:
    (group,) = stack.aws.client("ec2").describe_instances(InstanceIds=[stack.outputs["Machine"]])["Reservations"]
    return str(group["Instances"][0]["State"]["Name"])


def told_by_stack(stack: AwsStack) -> dict[str, str]:
    """The worker's environment, as the machine's setup makes it."""
    value = stack.aws.client("ssm").get_parameter(Name=f"/inkling/{NAME}/machine")["Parameter"]["Value"]
    lines = (line.partition("=") for line in value.splitlines())
    return {name: text for name, _, text in lines if name.startswith(("INKLING_", "AWS_DEFAULT_REGION"))}


def keys_of_machine(stack: AwsStack) -> Mapping[str, str]:
    """Of a user with the policies of the machine's role."""
    iam = stack.aws.client("iam")
    profile = iam.get_instance_profile(InstanceProfileName=stack.outputs["MachineProfile"].rpartition("/")[2])
    role = profile["InstanceProfile"]["Roles"][0]["RoleName"]
    iam.create_user(UserName="machine")
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
        iam.put_user_policy(UserName="machine", PolicyName=policy, PolicyDocument=json.dumps(document))
    key = iam.create_access_key(UserName="machine")["AccessKey"]
    return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


def boot(stack: AwsStack, given_up: threading.Event) -> subprocess.Popen[bytes]:
    """The worker, as soon as EC2 says that the machine runs."""
    while state_of(stack) != "running" and not given_up.wait(0.1):
        pass
    own = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "INKLING_DATA_DIR": str(stack.home / "data"),
        **stack.aws.environment,
        **told_by_stack(stack),
        **keys_of_machine(stack),
        "INKLING_AWS_IDLE_S": "2",
    }
    command = [sys.executable, "-P", "-m", "backends.aws.worker"]
    with (stack.home / "worker.log").open("wb") as log:
        return subprocess.Popen(command, env=own, cwd=stack.home, stdout=log, stderr=log)


@pytest.fixture
async def booting(stack: AwsStack) -> AsyncIterator[asyncio.Task[subprocess.Popen[bytes]]]:
    given_up = threading.Event()
    booting = asyncio.create_task(asyncio.to_thread(boot, stack, given_up))
    yield booting
    given_up.set()
    worker = await booting
    worker.kill()
    worker.wait()


async def test_a_request_wakes_it_and_it_goes_when_idle(
    stack: AwsStack, booting: asyncio.Task[subprocess.Popen[bytes]]
) -> None:
    assert state_of(stack) == "stopped"
    backend = stack.backend()
    result = await asyncio.wait_for(complete(backend, request(length=12)), WITHIN_S)
    assert len(result.texts[0].split()) == 12
    assert result.progress[0].stage == "waking"
    worker = await booting
    assert await asyncio.to_thread(worker.wait, WITHIN_S) == 0
    told = (stack.home / "worker.log").read_text()
    assert "doesn't allow" not in told
    await backend.aclose()
    shown = stack.inkling("status")
    assert f"Machine\t{stack.outputs['Machine']} (c6i.xlarge) is running" in shown.out
    gone = stack.inkling("destroy", "--yes")
    assert "which was there before" in gone.err


async def test_the_doctor_misses_a_worker_that_says_nothing(stack: AwsStack) -> None:
    stack.aws.client("ec2").start_instances(InstanceIds=[stack.outputs["Machine"]])
    told = stack.inkling("doctor", "--quick")
    assert told.code == 1
    assert "is on, but nothing was heard of its worker yet" in told.out
    stack.aws.client("ec2").stop_instances(InstanceIds=[stack.outputs["Machine"]])
    assert "sleeps; a request starts it" in stack.inkling("doctor", "--quick").out


@pytest.mark.parametrize("mode", ["fleet", "ec2-with-fallback"])
def test_other_modes_can_be_made_of_it_and_unmade(stack: AwsStack, mode: str) -> None:
    """One template: the same stack, another mode."""
    more = ("--image-id", "ami-12345678") if mode == "fleet" else ("--worker-concurrency", "0")
    told = stack.inkling("deploy", "--mode", mode, "--no-try", *more, *FROM_HERE)
    assert told.code == 0, told.err
    assert ("Fleet" in stack.outputs) == (mode == "fleet")
    assert ("WorkerFunction" in stack.outputs) == (mode == "ec2-with-fallback")
    assert stack.inkling("status").code == 0
    assert stack.inkling("destroy", "--yes").code == 0
