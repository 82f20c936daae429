"""One deployment from code to a stack that answers: check, package, send, make or change, and the worker's image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from backends.aws.calls import AwsFailed, asking
from backends.aws.deploy.account import Account
from backends.aws.deploy.bucket import CodeBucket
from backends.aws.deploy.bundle import AMONG_LAMBDA, FOR_MODELS, FUNCTIONS, WORKER, PackageSource, bundle
from backends.aws.deploy.image import WorkerImages
from backends.aws.deploy.stack import Stack, StackState
from backends.aws.deploy.watcher import Watcher
from backends.aws.deploy.wheel import build_wheel, requirements
from backends.aws.deploy.wishes import Wishes

TEMPLATE_BYTES = 51_200
"""More of a template CloudFormation takes only from a bucket."""
UNRESERVED = 100
"""Lambda keeps so much concurrency for functions without any reserved."""
RESERVED = 50
"""For the API, each long poll being one."""
DEFAULT_MODE = "serverless"


@dataclass(frozen=True, slots=True)
class Plan:
    """What decides the way: the wishes on top of what the stack has."""

    given: Mapping[str, str]
    known: Mapping[str, str]

    def value(self, name: str, otherwise: str = "") -> str:
        return self.given.get(name, self.known.get(name, "")) or otherwise

    @property
    def mode(self) -> str:
        return self.value("Mode", DEFAULT_MODE)

    @property
    def is_remote(self) -> bool:
        return bool(self.value("RemoteUrl"))

    @property
    def has_machines(self) -> bool:
        return self.mode != "serverless"

    @property
    def launches(self) -> bool:
        return self.mode == "fleet" or (self.has_machines and not self.value("InstanceId"))

    @property
    def needs_image(self) -> bool:
        return self.mode in ("serverless", "ec2-with-fallback") and not self.is_remote

    @property
    def architecture(self) -> str:
        return self.value("FunctionArchitecture", "x86_64")


class Deployer:
    """Raises AwsFailed, and InvalidOptions for wishes that don't fit."""

    def __init__(
        self, account: Account, stack: Stack, packages: PackageSource, images: WorkerImages, watcher: Watcher
    ) -> None:
        self._account = account
        self._stack = stack
        self._packages = packages
        self._images = images
        self._watcher = watcher

    def deploy(self, wishes: Wishes) -> StackState:
        self._watcher.step("Looking at the account")
        state = self._stack.state()
        plan = Plan(wishes.parameters(), state.parameters if state else {})
        wishes.check(plan.value)
        template = read_template()
        self._stack.declared(template)
        parameters = {**plan.given, "Mode": plan.mode, **self._network(plan), **self._concurrency(plan)}
        parameters |= self._send(plan)
        if plan.needs_image:
            parameters["BuildProject"] = "no" if self._images.is_local else "yes"
        self._watcher.step("Changing the stack" if state else "Making the stack")
        made = self._stack.apply(template, parameters)
        if plan.needs_image:
            image = self._images.make(made, plan.value("Model", "gpt2"), plan.architecture)
            self._watcher.step("Giving the worker its image")
            made = self._stack.apply(template, {"WorkerImage": image})
        return made

    def _send(self, plan: Plan) -> dict[str, str]:
        """The parameters that say where everything lies in the bucket."""
        bucket = CodeBucket(self._account, self._stack.name)
        self._watcher.step("Packaging the functions")
        functions = bundle(FUNCTIONS, self._packages)
        worker = bundle(WORKER, self._packages, AMONG_LAMBDA + FOR_MODELS) if plan.is_remote else None
        self._watcher.step("Sending them to the stack's bucket")
        bucket.make()
        sent = {"CodeBucket": bucket.name, "FunctionKey": bucket.put("functions", "functions.zip", functions)}
        if worker is None:
            sent["WorkerKey"] = ""
        else:
            sent |= {"WorkerKey": bucket.put("functions", "worker.zip", worker), "WorkerImage": ""}
        if plan.has_machines:
            self._watcher.step("Sending what a machine installs")
            wheel = build_wheel()
            sent["WheelKey"] = bucket.put("machine", wheel.name, wheel.content)
            sent["RequirementsKey"] = bucket.put("machine", "requirements.txt", requirements().encode())
            sent["SetupKey"] = bucket.put("machine", "setup.sh", read_setup_script())
        return sent

    def _network(self, plan: Plan) -> dict[str, str]:
        """The region's default network, where machines are made and none was named."""
        if not plan.launches or plan.value("VpcId"):
            return {}
        with asking("the network"):
            found = self._account.ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
        if not found:
            raise AwsFailed(f"{self._account.region} has no default network; name one with --vpc and --subnet.")
        return {"VpcId": found[0]["VpcId"]}

    def _concurrency(self, plan: Plan) -> dict[str, str]:
        """None reserved, where the account has too little for that, as new accounts do."""
        if int(plan.known.get("ApiConcurrency", "0")):
            return {}
        with asking("Lambda"):
            free = self._account.functions.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
        if free - RESERVED - 1 >= UNRESERVED:
            return {"ApiConcurrency": str(RESERVED)}
        self._watcher.note(
            f"This account may run {free} more functions at once, too few to reserve {RESERVED} for the API; ask AWS "
            "for more under Service Quotas"
        )
        return {"ApiConcurrency": "0"}


def read_template() -> str:
    """Raises AwsFailed when it has grown too large to be sent."""
    template = resources.files(__package__).joinpath("template.yaml").read_text(encoding="utf-8")
    if len(template.encode()) > TEMPLATE_BYTES:
        raise AwsFailed(f"The template is larger than the {TEMPLATE_BYTES:,} bytes that CloudFormation takes.")
    return template


def read_setup_script() -> bytes:
    return resources.files(__package__).joinpath("setup_machine.sh").read_bytes()
