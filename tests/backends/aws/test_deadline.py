"""Who writes has its time, whoever wrote before."""

from __future__ import annotations

from backends.aws.client.jobs import JobView
from backends.aws.deadline import Deadline
from backends.aws.jobs.job import JobState, Mark


def view(state: JobState, attempt: int, sequence: int = 0) -> JobView:
    return JobView.model_construct(id="x", state=state, mark=Mark(attempt, sequence))


def test_it_counts_from_when_an_attempt_began() -> None:
    now = 100.0
    deadline = Deadline(60.0, lambda: now, grace_s=5.0)
    assert deadline.of(view("queued", 0)) is None
    assert deadline.of(view("running", 1)) == 165
    now = 150.0
    assert deadline.of(view("running", 1, 7)) == 165
    assert deadline.of(view("running", 2)) == 215
    now = 160.0
    assert deadline.of(view("queued", 2)) is None
    now = 170.0
    assert deadline.of(view("running", 2)) == 235
    assert deadline.error().sentence == "It took longer than the 60 s allowed; the text so far is kept."
