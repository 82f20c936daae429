"""A stack looked over from the credentials to a completion, with what to do about each thing that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from backends.aws.calls import AwsFailed
from backends.aws.deploy.account import Account
from backends.aws.deploy.checkups import CHECKUPS, Patient, examine
from backends.aws.deploy.findings import Finding, good, notice, wrong
from backends.aws.deploy.stack import Stack, StackState
from backends.aws.deploy.trial import Trial
from backends.aws.deploy.watcher import Watcher
from config.errors import InklingError

WARM_S = 3.0
"""A warm start that takes longer is worth a look."""
COLD_ANCHORS = {
    "serverless": "2–16 s is usual for a function's first start, by the size of its image",
    "machine": "30–35 s is usual for a machine: 21 s of it AWS' own, measured by others in 2026",
}

Try = Callable[[StackState], Trial]


class Doctor:
    """`trial` makes one completion."""

    def __init__(self, account: Account, stack: Stack, watcher: Watcher, trial: Try | None) -> None:
        self._account = account
        self._stack = stack
        self._watcher = watcher
        self._trial = trial

    def findings(self) -> Iterator[Finding]:
        """As they are made; the later ones need the earlier to be good."""
        try:
            self._watcher.step("Asking AWS whose credentials these are")
            yield good("Account", f"{self._account.id}, region {self._account.region}.")
            state = self._stack.existing()
        except AwsFailed as error:
            yield wrong("Account", error.sentence, "See docs/aws.md for the rights that are needed.")
            return
        patient = Patient(self._account, self._stack, state)
        for what, checkup in CHECKUPS:
            self._watcher.step(f"Looking at {what}")
            yield from examine(patient, what, checkup)
        if self._trial is not None:
            yield from self._round_trips(self._trial, state)

    def _round_trips(self, trial: Try, state: StackState) -> Iterator[Finding]:
        """Twice: the first may have to wake something, the second finds all warm."""
        anchor = COLD_ANCHORS["serverless" if state.parameters.get("Mode") == "serverless" else "machine"]
        try:
            first = trial(state)
            yield _cold(first, anchor)
            second = trial(state)
        except InklingError as error:
            yield wrong("Round trip", error.sentence, "The findings above say why, or `inkling aws logs`.")
            return
        yield _warm(second)
        if first.text != second.text:
            yield wrong(
                "Round trip", "The same seed gave two texts.", "Do two versions work? Run `inkling aws update`."
            )


def _cold(trial: Trial, anchor: str) -> Finding:
    times = f"first text after {trial.first_text_s:.1f} s, done after {trial.done_s:.1f} s"
    if trial.woke:
        return good("From sleep", f"{times}; {anchor}.")
    return good("First round trip", f"Nothing had to wake: {times}.")


def _warm(trial: Trial) -> Finding:
    times = f"first text after {trial.first_text_s:.1f} s, done after {trial.done_s:.1f} s; about 1 s is usual"
    if trial.first_text_s <= WARM_S:
        return good("Warm", f"{times}.")
    return notice("Warm", f"{times}.", "A larger machine or more worker memory writes sooner.")
