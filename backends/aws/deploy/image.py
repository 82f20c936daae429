"""The worker function's image: made by docker where there is one, else by the stack's CodeBuild project."""

from __future__ import annotations

import base64
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Protocol

from botocore.exceptions import ClientError

from backends.aws.calls import AwsFailed, asking, code_of
from backends.aws.deploy.account import Account
from backends.aws.deploy.archive import digest, make_zip
from backends.aws.deploy.bucket import CodeBucket
from backends.aws.deploy.bundle import Files
from backends.aws.deploy.stack import StackState
from backends.aws.deploy.watcher import Watcher
from backends.aws.deploy.wheel import build_wheel, requirements

WHAT = "the image registry"
POLL_S = 5.0
PATIENCE_S = 2700.0
PLATFORMS = {"x86_64": "linux/amd64", "arm64": "linux/arm64"}


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be made, and where it goes."""

    context: Files
    repository: str
    """Its URI, without a tag."""
    tag: str
    """Names context, model and architecture, so that the same is not made twice."""
    model: str
    architecture: str


class Builder(Protocol):
    @property
    def is_local(self) -> bool:
        """Whether it needs no build project in the stack."""
        ...

    def build(self, order: Order, state: StackState) -> None:
        """Until the image is in the repository. Raises AwsFailed."""
        ...


class WorkerImages:
    """Raises AwsFailed."""

    def __init__(self, account: Account, builder: Builder, watcher: Watcher) -> None:
        self._account = account
        self._builder = builder
        self._watcher = watcher

    @property
    def is_local(self) -> bool:
        return self._builder.is_local

    def make(self, state: StackState, model: str, architecture: str) -> str:
        """The URI, by digest, of an image of this very code; made unless it is there."""
        context = build_context()
        repository = state.output("WorkerRepository")
        tag = digest(make_zip(context) + f"{model} {architecture}".encode())
        order = Order(context, repository, tag, model, architecture)
        found = self._find(repository, tag)
        if found is None:
            self._watcher.step("Building the worker's image (it carries torch and the model, so this takes minutes)")
            self._builder.build(order, state)
            found = self._find(repository, tag)
        if found is None:
            raise AwsFailed("The worker's image was built, but the registry doesn't have it; deploy again.")
        return f"{repository}@{found}"

    def _find(self, repository: str, tag: str) -> str | None:
        name = repository.partition("/")[2]
        with asking(WHAT):
            try:
                answer = self._account.ecr.describe_images(repositoryName=name, imageIds=[{"imageTag": tag}])
            except ClientError as error:
                if code_of(error) != "ImageNotFoundException":
                    raise
                return None
        return next((str(each["imageDigest"]) for each in answer["imageDetails"]), None)


def build_context() -> Files:
    wheel = build_wheel()
    dockerfile = resources.files("backends.aws.worker").joinpath("Dockerfile").read_bytes()
    return {"Dockerfile": dockerfile, "requirements.txt": requirements().encode(), wheel.name: wheel.content}


class Docker:
    """On this machine. `run` is `subprocess.run`, or stands in for it."""

    is_local = True

    def __init__(self, account: Account, run: Callable[..., subprocess.CompletedProcess[str]] = subprocess.run) -> None:
        self._account = account
        self._run = run

    def is_there(self) -> bool:
        """Whether there is a docker, and its daemon runs."""
        if shutil.which("docker") is None:
            return False
        return self._run(["docker", "info"], capture_output=True, text=True, check=False).returncode == 0

    def build(self, order: Order, state: StackState) -> None:
        self._log_in(order.repository.partition("/")[0])
        image = f"{order.repository}:{order.tag}"
        with tempfile.TemporaryDirectory() as folder:
            for name, content in order.context.items():
                Path(folder, name).write_bytes(content)
            command = ["build", "--quiet", "--provenance=false", "--platform", PLATFORMS[order.architecture]]
            self._docker([*command, "--build-arg", f"MODEL={order.model}", "--tag", image, folder])
        self._docker(["push", "--quiet", image])

    def _log_in(self, registry: str) -> None:
        with asking(WHAT):
            token = self._account.ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
        password = base64.b64decode(token).decode().partition(":")[2]
        self._docker(["login", "--username", "AWS", "--password-stdin", registry], password)

    def _docker(self, arguments: list[str], given: str | None = None) -> None:
        run = self._run(["docker", *arguments], input=given, capture_output=True, text=True, check=False)
        if run.returncode:
            last = run.stderr.strip().splitlines()[-1:] or ["it gave no reason"]
            raise AwsFailed(f"docker {arguments[0]} failed: {last[0].rstrip('.')}.")


class CodeBuild:
    """In the stack, for machines without docker."""

    is_local = False

    def __init__(self, account: Account, stack: str, pause: Callable[[float], None] = time.sleep) -> None:
        self._account = account
        self._stack = stack
        self._pause = pause

    def build(self, order: Order, state: StackState) -> None:
        bucket = CodeBucket(self._account, self._stack)
        source = f"s3://{bucket.name}/{bucket.put('image', 'context.zip', make_zip(order.context))}"
        with asking("CodeBuild"):
            build = self._account.codebuild.start_build(
                projectName=state.output("ImageBuild"),
                environmentVariablesOverride=[
                    {"name": "SOURCE", "value": source},
                    {"name": "TAG", "value": order.tag},
                    {"name": "MODEL", "value": order.model},
                ],
            )["build"]
        self._wait(build.get("id", ""))

    def _wait(self, build_id: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            with asking("CodeBuild"):
                (build,) = self._account.codebuild.batch_get_builds(ids=[build_id])["builds"]
            status = build.get("buildStatus", "IN_PROGRESS")
            if status == "SUCCEEDED":
                return
            if status != "IN_PROGRESS":
                link = build.get("logs", {}).get("deepLink", "CodeBuild's console")
                raise AwsFailed(f"The image's build ended as {status}; its log says why: {link}")
            self._pause(POLL_S)
        raise AwsFailed("The image's build has taken longer than 45 minutes; see CodeBuild's console.")
