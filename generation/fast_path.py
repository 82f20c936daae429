"""The seam for a runner that is faster than transformers' network, and may have to be built first."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import structlog

from config.precision import Precision
from generation.daemon import start_daemon
from generation.runner import Runner
from generation.types import EngineLimits, LoadedModel

_FAST_ONLY = ("int8", "bf16")
"""The slow path keeps every number as it is."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RunnerPlan:
    """What a runner shall serve, and how."""

    model: LoadedModel
    folder: Path
    """With the model's config.json and safetensors."""
    limits: EngineLimits
    precision: Precision
    threads: int


class NoFastRunner(Exception):
    """There will be none for this plan on this machine; its text says why, as `reason` in the log."""


class BuildFastRunner(Protocol):
    def __call__(self, plan: RunnerPlan, *, at_once: bool) -> Runner | None:
        """A runner that has been tried and found right.

        With `at_once` None when that would take more than moments. Raises NoFastRunner; anything else it raises is
        taken as a failure of its own. May be called from any thread.
        """
        ...

    def prepare(self) -> None:
        """Begin, on a thread of its own, what takes long and depends on no model."""
        ...

    def learn(self, plan: RunnerPlan) -> None:
        """Keep what transformers computes, so that a runner can be held against it. Raises NoFastRunner.

        Anything else it raises is taken as a failure of its own.
        """
        ...


class FastPath:
    """One plan's fast runner: had at once, or built while another one serves."""

    def __init__(self, build: BuildFastRunner | None, plan: RunnerPlan) -> None:
        """`build` None where there is no such code."""
        self._build = build
        self._plan = plan
        self._hopeless = False

    @property
    def hopeless(self) -> bool:
        """Whether it is known that there will be none."""
        return self._hopeless

    def begin(self) -> Runner | None:
        """The runner, if it can be had at once."""
        if self._build is None:
            self._give_up("this installation has no faster path")
            return None
        return self._try(self._build, at_once=True)

    def learn(self) -> None:
        """What a fast runner will be held against."""
        if self._build is not None and not self._hopeless:
            try:
                self._build.learn(self._plan)
            except NoFastRunner as error:
                self._give_up(str(error))
            except Exception as error:
                self._give_up(_describe(error), error)

    def build_later(self) -> Future[Runner | None] | None:
        """The runner, built on a thread of its own; None when that is known to be in vain."""
        build = self._build
        if build is None or self._hopeless:
            return None
        return start_daemon("inkling-fast-path", lambda: self._build_slowly(build))

    def hand_over(self, later: Future[Runner | None], replace_runner: Callable[[Runner], None]) -> None:
        """Let the runner take over when it is built, or now when it is."""
        later.add_done_callback(lambda built: self._hand_over(built.result(), replace_runner))

    def _build_slowly(self, build: BuildFastRunner) -> Runner | None:
        runner = self._try(build, at_once=False)
        if runner is None:
            self._give_up("it was not built")
        return runner

    def _hand_over(self, runner: Runner | None, replace_runner: Callable[[Runner], None]) -> None:
        if runner is None:
            return
        try:
            replace_runner(runner)
        except Exception as error:
            self._give_up(_describe(error), error)

    def _try(self, build: BuildFastRunner, *, at_once: bool) -> Runner | None:
        try:
            return build(self._plan, at_once=at_once)
        except NoFastRunner as error:
            self._give_up(str(error))
        except Exception as error:
            self._give_up(_describe(error), error)
        return None

    def _give_up(self, reason: str, error: Exception | None = None) -> None:
        """Once, in one line; the operator is told in any case when the precision asked for can't be had."""
        if self._hopeless:
            return
        self._hopeless = True
        if self._plan.precision in _FAST_ONLY:
            log.warning("served_in_fp32", asked_for=self._plan.precision, reason=reason, model=self._plan.model.name)
        elif self._build is not None:
            log.warning("fast_path_unavailable", reason=reason, model=self._plan.model.name)
        if error is not None:
            log.debug("fast_path_failed", exc_info=error)


def _describe(error: Exception) -> str:
    line = next(iter(str(error).strip().splitlines()), "")
    return f"{type(error).__name__}: {line[:200]}" if line else type(error).__name__
