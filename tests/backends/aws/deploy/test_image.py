"""The worker's image: made once, by docker or by CodeBuild."""

from __future__ import annotations

import base64
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import ANY, Stubber

from backends.aws.calls import AwsFailed
from backends.aws.deploy.account import Account
from backends.aws.deploy.image import CodeBuild, Docker, Order, WorkerImages
from backends.aws.deploy.stack import StackState
from tests.fakes.watching import Watching

REPOSITORY = "000000000000.dkr.ecr.eu-west-1.amazonaws.com/inkling-worker"
STATE = StackState("CREATE_COMPLETE", {}, {"WorkerRepository": REPOSITORY, "ImageBuild": "inkling-image"})
DIGEST = "sha256:" + "a" * 64


@dataclass
class Builder:
    is_local: bool = True
    orders: list[Order] = field(default_factory=list)

    def build(self, order: Order, state: StackState) -> None:
        self.orders.append(order)


@dataclass
class Commands:
    """Stands in for `subprocess.run`."""

    failing: str = ""
    ran: list[list[str]] = field(default_factory=list)
    given: list[str | None] = field(default_factory=list)
    files: list[str] = field(default_factory=list)

    def __call__(self, command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        self.ran.append(command)
        self.given.append(options.get("input"))
        if command[1] == "build":
            self.files = sorted(path.name for path in Path(command[-1]).iterdir())
        failed = command[1] == self.failing
        return subprocess.CompletedProcess(
            command, int(failed), "", "one\nno space left on device.\n" if failed else ""
        )


def images(account: Account, builder: Builder) -> WorkerImages:
    return WorkerImages(account, builder, Watching())


def test_one_that_is_there_is_not_made_again(account: Account) -> None:
    builder = Builder()
    with Stubber(account.ecr) as ecr:
        ecr.add_response("describe_images", {"imageDetails": [{"imageDigest": DIGEST}]})
        assert images(account, builder).make(STATE, "gpt2", "x86_64") == f"{REPOSITORY}@{DIGEST}"
    assert builder.orders == []


def test_one_that_is_not_there_is_made_under_a_name_for_its_content(account: Account) -> None:
    builder = Builder()
    with Stubber(account.ecr) as ecr:
        for model in ("gpt2", "distilgpt2"):
            ecr.add_client_error("describe_images", "ImageNotFoundException")
            ecr.add_response("describe_images", {"imageDetails": [{"imageDigest": DIGEST}]})
            assert images(account, builder).make(STATE, model, "x86_64").endswith(DIGEST)
    first, second = builder.orders
    assert first.tag != second.tag
    assert "Dockerfile" in first.context


def test_one_that_does_not_arrive_is_told(account: Account) -> None:
    with Stubber(account.ecr) as ecr:
        ecr.add_client_error("describe_images", "ImageNotFoundException")
        ecr.add_client_error("describe_images", "ImageNotFoundException")
        with pytest.raises(AwsFailed, match="registry doesn't have it"):
            images(account, Builder()).make(STATE, "gpt2", "x86_64")


ORDER = Order({"Dockerfile": b"FROM scratch", "x.whl": b""}, REPOSITORY, "tag", "gpt2; id", "arm64")


def test_docker_builds_and_pushes_and_no_password_is_an_argument(account: Account) -> None:
    commands = Commands()
    token = base64.b64encode(b"AWS:secret").decode()
    with Stubber(account.ecr) as ecr:
        ecr.add_response("get_authorization_token", {"authorizationData": [{"authorizationToken": token}]})
        Docker(account, commands).build(ORDER, STATE)
    assert [command[1] for command in commands.ran] == ["login", "build", "push"]
    assert commands.given[0] == "secret"
    assert not [command for command in commands.ran if "secret" in command]
    assert commands.files == ["Dockerfile", "x.whl"]
    assert commands.ran[1][-5:-1] == ["--build-arg", "MODEL=gpt2; id", "--tag", f"{REPOSITORY}:tag"]
    assert "linux/arm64" in commands.ran[1]


def test_docker_s_last_word_is_told(account: Account) -> None:
    token = base64.b64encode(b"AWS:secret").decode()
    with Stubber(account.ecr) as ecr:
        ecr.add_response("get_authorization_token", {"authorizationData": [{"authorizationToken": token}]})
        with pytest.raises(AwsFailed, match=r"docker push failed: no space left on device\.$"):
            Docker(account, Commands(failing="push")).build(ORDER, STATE)


@pytest.mark.parametrize(("ends", "words"), [("SUCCEEDED", ""), ("FAILED", "ended as FAILED; its log says why: link")])
def test_codebuild_gets_the_context_and_is_waited_for(account: Account, ends: str, words: str) -> None:
    with Stubber(account.s3) as s3, Stubber(account.codebuild) as codebuild:
        account.id = "000000000000"
        s3.add_client_error("head_object", "404")
        s3.add_response("put_object", {})
        asked = {"projectName": "inkling-image", "environmentVariablesOverride": ANY}
        codebuild.add_response("start_build", {"build": {"id": "b"}}, asked)
        codebuild.add_response("batch_get_builds", {"builds": [{"buildStatus": "IN_PROGRESS"}]})
        codebuild.add_response("batch_get_builds", {"builds": [{"buildStatus": ends, "logs": {"deepLink": "link"}}]})
        builder = CodeBuild(account, "inkling", pause=lambda _: None)
        if words:
            with pytest.raises(AwsFailed, match=words):
                builder.build(ORDER, STATE)
        else:
            builder.build(ORDER, STATE)
