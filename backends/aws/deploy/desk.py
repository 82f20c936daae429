"""One stack in one account, and all that is done with it: what `inkling aws` has behind it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from backends.aws.deploy.account import Account
from backends.aws.deploy.bundle import DownloadedWheels, InstalledPackages
from backends.aws.deploy.deploy import Deployer
from backends.aws.deploy.destroy import Kept, destroy, kept_of
from backends.aws.deploy.doctor import Doctor
from backends.aws.deploy.findings import Finding
from backends.aws.deploy.image import CodeBuild, Docker, WorkerImages
from backends.aws.deploy.operate import Operator, Said
from backends.aws.deploy.stack import Stack, StackState
from backends.aws.deploy.status import StatusReport, read_status
from backends.aws.deploy.trial import Trial, settings_of, try_out
from backends.aws.deploy.watcher import Watcher
from backends.aws.deploy.wishes import Wishes, check_stack_name
from config.settings import AwsBackendSettings


@dataclass(frozen=True, slots=True)
class Deployed:
    state: StackState
    settings: AwsBackendSettings
    """How a bot reaches it."""
    machines: Sequence[Said]
    """What those that were on said when they were brought up to date."""


class Desk:
    """Raises AwsFailed, and InvalidOptions. `by_function`: reach the API by its function, not over HTTP."""

    def __init__(
        self, stack: str, region: str | None, profile: str | None, watcher: Watcher, *, by_function: bool = False
    ) -> None:
        self._watcher = watcher
        self._profile = profile
        self._by_function = by_function
        self._account = Account(region, profile)
        self._stack = Stack(self._account, check_stack_name(stack), watcher)
        self.operator = Operator(self._account, self._stack, watcher)

    @property
    def region(self) -> str:
        return self._account.region

    def deploy(self, wishes: Wishes, *, local_packages: bool) -> Deployed:
        """`local_packages`: the functions' packages as they are here, for an emulator on this machine."""
        docker = Docker(self._account)
        builder = docker if docker.is_there() else CodeBuild(self._account, self._stack.name)
        images = WorkerImages(self._account, builder, self._watcher)
        packages = InstalledPackages() if local_packages else DownloadedWheels("x86_64")
        state = Deployer(self._account, self._stack, packages, images, self._watcher).deploy(wishes)
        return Deployed(state, self._settings(state), self._refreshed(state))

    def try_out(self, settings: AwsBackendSettings) -> Trial:
        """A real completion. Raises what the backend raises."""
        return try_out(settings, self._watcher)

    def status(self) -> StatusReport:
        self._watcher.step("Asking AWS")
        return read_status(self._account, self._stack)

    def findings(self, *, quick: bool) -> Iterator[Finding]:
        """`quick`: look only; wake and write nothing."""
        trial = None if quick else (lambda state: self.try_out(self._settings(state)))
        return Doctor(self._account, self._stack, self._watcher, trial).findings()

    def kept(self) -> Sequence[Kept]:
        """What `destroy` leaves."""
        state = self._stack.state()
        return kept_of(state) if state else ()

    def destroy(self) -> None:
        destroy(self._account, self._stack, self._watcher)

    def _settings(self, state: StackState) -> AwsBackendSettings:
        return settings_of(state, self._account.region, self._profile, by_function=self._by_function)

    def _refreshed(self, state: StackState) -> Sequence[Said]:
        """Machines that are on have the old code."""
        if state.parameters.get("Mode") == "serverless" or state.parameters.get("Operations") != "yes":
            return ()
        return self.operator.update()
