"""A worker function with a model of its own: the stack comes first, then its image, then the function."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from backends.aws.deploy.account import Account
from backends.aws.deploy.bundle import InstalledPackages
from backends.aws.deploy.deploy import Deployer
from backends.aws.deploy.image import Order, WorkerImages
from backends.aws.deploy.stack import Stack, StackState
from backends.aws.deploy.wishes import Wishes
from config.errors import InvalidOptions
from tests.fakes.aws_stack import NAME, AwsStack, aws_stack
from tests.fakes.ministack import REGION
from tests.fakes.watching import Watching

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@dataclass
class Pushing:
    """Builds nothing, but the registry has it."""

    account: Account
    is_local: bool
    orders: list[Order] = field(default_factory=list)

    def build(self, order: Order, state: StackState) -> None:
        assert ("ImageBuild" in state.outputs) == (not self.is_local)
        self.orders.append(order)
        manifest = json.dumps({"schemaVersion": 2, "config": {"digest": f"sha256:{len(self.orders):064}"}})
        name = order.repository.partition("/")[2]
        self.account.ecr.put_image(repositoryName=name, imageManifest=manifest, imageTag=order.tag)


@pytest.fixture
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsStack]:
    with aws_stack(tmp_path) as aws:
        for name, value in aws.aws.environment.items():
            monkeypatch.setenv(name, value)
        yield aws


def deployer(account: Account, builder: Pushing) -> Deployer:
    watching = Watching()
    stack = Stack(account, NAME, watching)
    return Deployer(account, stack, InstalledPackages(), WorkerImages(account, builder, watching), watching)


@pytest.mark.parametrize("is_local", [True, False], ids=["docker", "codebuild"])
def test_the_function_gets_the_image_that_was_made(aws: AwsStack, is_local: bool) -> None:
    account = Account(REGION)
    builder = Pushing(account, is_local)
    made = deployer(account, builder).deploy(Wishes(mode="serverless", model="distilgpt2", worker_concurrency=0))
    (order,) = builder.orders
    assert order.model == "distilgpt2"
    found = account.functions.get_function(FunctionName=made.output("WorkerFunction"))
    assert found["Configuration"]["PackageType"] == "Image"
    assert found["Code"]["ImageUri"].startswith(f"{order.repository}@sha256:")

    # Nothing new, nothing built; another model, another image.
    deployer(account, builder).deploy(Wishes())
    assert len(builder.orders) == 1
    deployer(account, builder).deploy(Wishes(model="gpt2"))
    assert [each.model for each in builder.orders] == ["distilgpt2", "gpt2"]


def test_a_stack_goes_from_its_own_model_to_a_server_and_back(aws: AwsStack) -> None:
    account = Account(REGION)
    builder = Pushing(account, is_local=True)
    deployer(account, builder).deploy(Wishes(mode="serverless", worker_concurrency=0))
    remote = deployer(account, builder).deploy(Wishes(remote_url=aws.writer_url))
    assert remote.output("WorkerFunction") == f"{NAME}-relay"
    assert "WorkerRepository" not in remote.outputs
    back = deployer(account, builder).deploy(Wishes(remote_url=""))
    assert back.output("WorkerFunction") == f"{NAME}-worker"


def test_what_only_fits_other_modes_is_refused_before_anything_is_made(aws: AwsStack) -> None:
    account = Account(REGION)
    for wishes in (Wishes(spot=True), Wishes(budget_usd=5)):
        with pytest.raises(InvalidOptions):
            deployer(account, Pushing(account, is_local=True)).deploy(wishes)
    assert account.s3.list_buckets()["Buckets"] == []
