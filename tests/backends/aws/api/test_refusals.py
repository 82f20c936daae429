"""What the log hears of a request that went wrong, and what it doesn't."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from backends.aws.calls import AwsFailed
from backends.aws.jobs.job import NewJob
from tests.backends.aws.api.asked import Asked

SECRET = "the lighthouse keeper's diary"


class Trouble:
    """In place of a store's call."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __call__(self, new: NewJob) -> Any:
        raise self.error


@pytest.mark.parametrize(
    ("error", "status", "level"),
    [(ValueError(SECRET), 500, "error"), (AwsFailed("AWS doesn't allow that.", "AccessDenied"), 503, "warning")],
)
def test_the_log_says_what_broke_and_not_what_was_asked(
    asked: Asked, error: Exception, status: int, level: str
) -> None:
    asked.jobs.submit = Trouble(error)  # type: ignore[method-assign]
    with capture_logs() as logs:
        answered, body = asked.ask("POST", "/v1/jobs", {"prompt": SECRET, "key": "event-1"})
    assert answered == status
    (line,) = logs
    assert line["log_level"] == level
    assert SECRET not in repr(line) + repr(body)
    if status == 500:
        assert line["incident"] in body["error"]["sentence"]
        assert line["kind"] == "ValueError"
        assert any("test_refusals.py" in place for place in line["where"])
    else:
        assert line["problem"] == "AWS doesn't allow that."


@pytest.mark.parametrize("body", [{"prompt": SECRET, "options": {SECRET: 1}}, {"prompt": SECRET, "key": SECRET + "\n"}])
def test_what_was_asked_wrongly_is_nobody_elses_business(asked: Asked, body: dict[str, Any]) -> None:
    with capture_logs() as logs:
        assert asked.ask("POST", "/v1/jobs", body)[0] == 400
    assert logs == []


def test_a_whole_life_leaves_no_text_in_the_log(asked: Asked) -> None:
    with capture_logs() as logs:
        job_id = asked.submit(SECRET)
        asked.ask("GET", f"/v1/jobs/{job_id}")
        asked.ask("DELETE", f"/v1/jobs/{job_id}")
        asked.ask("POST", "/generate", {"prompt": SECRET})
        asked.jobs.job = Trouble(KeyError(SECRET))  # type: ignore[assignment]
        asked.ask("GET", f"/v1/jobs/{job_id}")
    assert len(logs) == 1
    assert SECRET not in repr(logs)
