"""How long a reader waits for a job that runs but doesn't end."""

from __future__ import annotations

from collections.abc import Callable

from backends.aws.client.jobs import JobView
from config.errors import DeadlineExceeded

GRACE_S = 15.0
"""Beside its deadline, a job that runs is given so long to say how it ended."""


class Deadline:
    """Counts from when the attempt at work began: another one begins anew, and has the time too."""

    def __init__(self, allowed_s: float, clock: Callable[[], float], grace_s: float = GRACE_S) -> None:
        self._allowed_s = allowed_s
        self._clock = clock
        self._grace_s = grace_s
        self._attempt: int | None = None
        self._until = 0.0

    def of(self, job: JobView) -> float | None:
        """When to give it up, by the clock; None while it doesn't run."""
        if job.state != "running":
            self._attempt = None
            return None
        if job.mark.attempt != self._attempt:
            self._attempt, self._until = job.mark.attempt, self._clock() + self._allowed_s + self._grace_s
        return self._until

    def error(self) -> DeadlineExceeded:
        return DeadlineExceeded(f"It took longer than the {self._allowed_s:g} s allowed; the text so far is kept.")
