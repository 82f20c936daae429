"""`POST /generate`, as whatever spoke to the system of 2019 still does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backends.aws.jobs.failure import Failure
from backends.aws.jobs.job import JobEnd
from backends.protocol import TextDelta
from config.errors import EngineFailed
from tests.backends.aws.api.asked import Asked
from tests.backends.aws.jobs.contract import NOW


def answered(asked: Asked, body: dict[str, Any], **query: str) -> tuple[int, Any]:
    """A worker writes two samples of what it is asked for, in two pauses."""

    def write() -> None:
        (job,) = asked.jobs.jobs.values()
        held = asked.jobs.lease(job.id, "a", asked.now)
        texts = [TextDelta(sample, f" text {sample}") for sample in range(job.order.options.samples)]
        asked.jobs.finish(held, texts, JobEnd("done", asked.now))

    asked.meanwhile = [lambda: None, write]
    return asked.ask("POST", "/generate", body, **query)


def test_numbers_may_be_strings(asked: Asked) -> None:
    wire = {
        "prompt": "Once",
        "num_samples": "2",
        "length": "20",
        "temperature": "0.7",
        "top_p": "0.9",
        "top_k": "7",
    }
    assert answered(asked, wire) == (200, {"text0": " text 0", "text1": " text 1"})
    (job,) = asked.jobs.jobs.values()
    options = job.order.options
    assert (options.samples, options.length, options.temperature) == (2, 20, 0.7)
    assert (options.top_p, options.top_k, options.repetition_penalty) == (0.9, 7, 1.0)


def test_what_is_left_out_is_as_it_was(asked: Asked) -> None:
    answered(asked, {"prompt": "Once"})
    (job,) = asked.jobs.jobs.values()
    options = job.order.options
    assert (options.samples, options.length, options.temperature) == (1, 20, 1.0)
    assert (options.top_p, options.top_k) == (1.0, 0)


def test_top_n_is_top_k(asked: Asked) -> None:
    answered(asked, {"prompt": "Once", "top_n": "5", "top_k": 5})
    (job,) = asked.jobs.jobs.values()
    assert job.order.options.top_k == 5
    assert asked.sentence("POST", "/generate", {"prompt": "x", "top_n": 5, "top_k": 6}) == (
        400,
        "top_k and top_n are the same option; give one of them.",
    )


def test_json_in_json_for_who_parses_twice(asked: Asked) -> None:
    status, body = answered(asked, {"prompt": "Once"}, twice="1")
    assert (status, json.loads(body)) == (200, {"text0": " text 0"})


def test_what_takes_long_is_to_be_read_elsewhere(asked: Asked) -> None:
    status, body = asked.ask("POST", "/generate", {"prompt": "Once"})
    assert (status, body["state"]) == (202, "queued")
    assert asked.now == pytest.approx(NOW + 25, abs=1)


@pytest.mark.parametrize(
    ("end", "sentence"),
    [
        (JobEnd("failed", NOW, Failure.of(EngineFailed("The engine broke."))), "The engine broke."),
        (JobEnd("cancelled", NOW), "Somebody stopped this before it was written."),
    ],
)
def test_what_was_not_written_is_told(asked: Asked, end: JobEnd, sentence: str) -> None:
    asked.meanwhile = [lambda: [asked.jobs.resolve(job, end) for job in asked.jobs.open_jobs()]]
    assert asked.sentence("POST", "/generate", {"prompt": "Once"}) == (503, sentence)


@pytest.mark.parametrize("place", ["header", "body"])
def test_sent_twice_under_a_key_it_is_one_request(asked: Asked, place: str) -> None:
    headers, more = ({"Idempotency-Key": "k"}, {}) if place == "header" else ({}, {"key": "k"})
    asked.remaining_s = 0.0
    first, again = (asked.ask("POST", "/generate", {"prompt": "Once", **more}, headers=headers)[1] for _ in range(2))
    assert first["id"] == again["id"]
    assert asked.ask("POST", "/generate", {"prompt": "Once"})[1]["id"] != first["id"]


def test_a_key_that_is_none_is_told(asked: Asked) -> None:
    expected = (400, "key must be a text of 1 to 200 printable characters.")
    for key in ("k" * 201, "", "a\nb"):
        status, body = asked.ask("POST", "/generate", {"prompt": "Once"}, headers={"idempotency-key": key})
        assert (status, body["error"]["sentence"]) == expected


@pytest.mark.parametrize("value", ["", "many", [], "NaN", "-1"])
def test_a_bad_number_is_told_in_one_sentence(asked: Asked, value: Any) -> None:
    status, body = asked.ask("POST", "/generate", {"prompt": "Once", "length": value})
    assert (status, body["error"]["option"]) == (400, "length")


def test_top_p_of_0_is_off_as_it_was(asked: Asked) -> None:
    answered(asked, {"prompt": "Once", "top_p": "0", "temperature": "0"})
    (job,) = asked.jobs.jobs.values()
    assert (job.order.options.top_p, job.order.options.greedy) == (0.0, True)
