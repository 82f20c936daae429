"""The API, asked as its function is asked, with a table in memory and a clock of the test's."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.aws.api.api import STEP_S
from backends.aws.api.messages import request_of
from backends.aws.api.submission import MAX_PROMPT_CHARACTERS
from backends.aws.api.waking import AGAIN_S
from backends.aws.calls import AwsFailed
from backends.aws.jobs.job import JobEnd
from backends.aws.jobs.protocol import Host
from backends.aws.machine.protocol import Power
from backends.protocol import SampleFinished, TextDelta
from tests.backends.aws.api.asked import MALLORY, Asked
from tests.backends.aws.jobs.contract import HOSTILE, NOW


def test_a_submit_is_written_announced_and_answered_at_once(asked: Asked) -> None:
    status, body = asked.ask("POST", "/v1/jobs", {"prompt": "Once", "options": {"top_n": "5", "length": 3}})
    assert status == 202
    assert (body["state"], body["position"], body["waking"], body["mark"]) == ("queued", 0, True, "0.0")
    job = asked.job(body["id"])
    assert (job.order.options.top_k, job.order.options.length) == (5, 3)
    assert job.order.options.seed is not None
    assert (job.created_at, job.deadline_at) == (NOW, NOW + 300 + 120)
    assert [message.job_id for message in asked.queue.receive(10, 0)] == [job.id]
    assert (asked.hosts.host("worker").wake, asked.machine.wakes) == (1, 1)


@pytest.mark.parametrize("prompt", HOSTILE, ids=range(len(HOSTILE)))
def test_prompts_arrive_byte_for_byte_and_texts_come_back_so(asked: Asked, prompt: str) -> None:
    job_id = asked.submit(prompt)
    assert asked.jobs.prompts[job_id] == prompt
    held = asked.jobs.lease(job_id, "a", NOW)
    asked.jobs.finish(held, [TextDelta(0, prompt), SampleFinished(0, "stop", prompt, 3)], JobEnd("done", NOW))
    _, body = asked.ask("GET", f"/v1/jobs/{job_id}")
    assert body["events"] == [[0, prompt], [0, None, "stop", prompt, 3]]


def test_a_body_in_base64_is_the_same(asked: Asked) -> None:
    event = {
        "rawPath": "/v1/jobs",
        "requestContext": {"http": {"method": "POST"}},
        "body": base64.b64encode('{"prompt": "É"}'.encode()).decode(),
        "isBase64Encoded": True,
    }
    answer = asked.api.answer(request_of(event), lambda: 30.0)
    assert asked.jobs.prompts[answer.body["id"]] == "É"


def test_the_same_key_is_the_same_job(asked: Asked) -> None:
    first = asked.submit(key="event-1")
    assert asked.submit(key="event-1") == first
    status, sentence = asked.sentence("POST", "/v1/jobs", {"prompt": "Other", "key": "event-1"})
    assert (status, sentence) == (400, "That idempotency key was used for another request.")
    assert asked.ask("POST", "/v1/jobs", {"prompt": "Once", "key": "event-1"}, MALLORY)[1]["id"] != first


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("{", "The body must be a JSON object."),
        ("[]", "The body must be a JSON object."),
        ("[" * 100_000, "The body must be a JSON object."),
        ({}, "prompt must be a text."),
        ({"prompt": 5}, "prompt must be a text."),
        (
            {"prompt": "x" * (MAX_PROMPT_CHARACTERS + 1)},
            "prompt can be up to 100,000 characters; this one has 100,001.",
        ),
        ({"prompt": "\ud800"}, "prompt holds half of a surrogate pair, which is no character."),
        ({"prompt": "x", "options": {"temperature": 3}}, "temperature must be between 0 and 2; you gave 3."),
        ({"prompt": "x", "options": {"top_q": 3}}, 'I don\'t know "top_q". Did you mean top_p?'),
        ({"prompt": "x", "options": 3}, "options must be an object of sampling options."),
        ({"prompt": "x", "deadline_s": 0}, "deadline_s must be a number between 0.001 and 3,600."),
        ({"prompt": "x", "deadline_s": "NaN"}, "deadline_s must be a number between 0.001 and 3,600."),
        ({"prompt": "x", "keep_last_tokens": 1.5}, "keep_last_tokens must be a whole number between 1 and 1,000,000."),
        ({"prompt": "x", "model": ""}, "model must be a text of 1 to 200 printable characters."),
        ({"prompt": "x", "key": "a\nb"}, "key must be a text of 1 to 200 printable characters."),
        ({"prompt": "x", "promt": "y"}, 'I don\'t know "promt"; the fields are prompt, options, model, '),
    ],
)
def test_bad_input_is_told_in_one_sentence(asked: Asked, body: Any, expected: str) -> None:
    status, sentence = asked.sentence("POST", "/v1/jobs", body)
    assert status == 400
    assert sentence.startswith(expected)
    assert not asked.jobs.jobs


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(["prompt", "options", "model", "keep_last_tokens", "deadline_s", "key", "length", "top_n"])


@given(st.text(max_size=40) | st.dictionaries(FIELDS, JSON, max_size=5).map(json.dumps))
def test_whatever_comes_the_answer_is_a_job_or_a_sentence(body: str) -> None:
    asked = Asked()
    for path in ("/v1/jobs", "/generate"):
        asked.remaining_s = 0.0
        status, answer = asked.ask("POST", path, body)
        assert status in (202, 400)
        assert ("error" in answer) == (status == 400)


def test_somebody_elses_job_is_not_there(asked: Asked) -> None:
    job_id = asked.submit()
    for method in ("GET", "DELETE"):
        assert asked.sentence(method, f"/v1/jobs/{job_id}", None, MALLORY)[0] == 404
    assert asked.job(job_id).state == "queued"


def test_a_role_is_one_owner_whoever_holds_it(asked: Asked) -> None:
    first, second = (f"arn:aws:sts::1:assumed-role/bot/{session}" for session in ("i-1", "i-2"))
    job_id = asked.ask("POST", "/v1/jobs", {"prompt": "Once"}, first)[1]["id"]
    assert asked.ask("GET", f"/v1/jobs/{job_id}", None, second)[0] == 200
    other = "arn:aws:sts::1:assumed-role/other/i-1"
    assert asked.ask("GET", f"/v1/jobs/{job_id}", None, other)[0] == 404


def test_a_reader_waits_for_what_is_new(asked: Asked) -> None:
    job_id = asked.submit()
    asked.meanwhile = [
        lambda: None,
        lambda: asked.jobs.write(asked.jobs.lease(job_id, "a", asked.now), [TextDelta(0, "Once")], asked.now),
    ]
    _, body = asked.ask("GET", f"/v1/jobs/{job_id}", after="0.0", wait="20")
    assert (body["state"], body["mark"], body["events"]) == ("running", "1.1", [[0, "Once"]])
    assert asked.now == NOW + 2 * STEP_S


@pytest.mark.parametrize(("wait", "remaining_s", "waited_s"), [("20", 30.0, 20), ("20", 9.0, 7), ("0", 30.0, 0)])
def test_a_reader_is_answered_in_time(asked: Asked, wait: str, remaining_s: float, waited_s: float) -> None:
    job_id = asked.submit()
    asked.remaining_s = remaining_s
    status, body = asked.ask("GET", f"/v1/jobs/{job_id}", after="0.0", wait=wait)
    assert (status, body["state"], body["events"]) == (200, "queued", [])
    assert asked.now - NOW == pytest.approx(waited_s, abs=2 * STEP_S)


@pytest.mark.parametrize(
    ("query", "field"), [({"after": "x"}, "after"), ({"wait": "21"}, "wait"), ({"wait": "nan"}, "wait")]
)
def test_a_bad_question_about_a_job_is_told(asked: Asked, query: dict[str, str], field: str) -> None:
    status, body = asked.ask("GET", f"/v1/jobs/{asked.submit()}", **query)
    assert (status, body["error"]["option"]) == (400, field)


def test_a_queued_job_can_be_cancelled(asked: Asked) -> None:
    job_id = asked.submit()
    assert asked.ask("DELETE", f"/v1/jobs/{job_id}")[1]["state"] == "cancelled"


def test_too_many_are_told_to_come_back() -> None:
    asked = Asked(max_open=2)
    asked.submit(), asked.submit()
    event = {"rawPath": "/v1/jobs", "requestContext": {"http": {"method": "POST"}}, "body": '{"prompt": "x"}'}
    answer = asked.api.answer(request_of(event), lambda: 30.0)
    assert (answer.status, answer.headers) == (429, {"retry-after": "15"})


def test_no_capacity_sends_it_to_lambda_too(asked: Asked) -> None:
    asked.machine.answers = Power("off", "AWS has none.", no_capacity=True)
    job_id = asked.submit()
    assert [message.job_id for message in asked.spare.receive(10, 0)] == [job_id]


def test_a_machine_that_is_going_is_asked_again_soon(asked: Asked) -> None:
    asked.machine.answers = Power("stopping", "The machine is stopping.")
    asked.submit()
    asked.machine.answers = Power("on", "The machine is on.")
    asked.hosts.beat(Host("worker", state="draining"))
    asked.submit()
    assert asked.ticks.delays == [AGAIN_S, AGAIN_S]


def test_a_machine_that_cant_be_asked_loses_no_job(asked: Asked) -> None:
    asked.machine.answers = AwsFailed("AWS doesn't allow that.")
    assert asked.job(asked.submit()).state == "queued"


def test_who_waits_hears_whether_the_machine_sleeps(asked: Asked) -> None:
    job_id = asked.submit()
    _, body = asked.ask("GET", f"/v1/jobs/{job_id}")
    assert (body["waking"], body["eta_s"]) == (True, 30.0)
    asked.hosts.beat(Host("worker", state="up", beat_at=asked.now))
    later = asked.submit("Later")
    _, body = asked.ask("GET", f"/v1/jobs/{later}")
    assert (body["waking"], body["position"]) == (False, 1)


def test_health_tells_what_there_is(asked: Asked) -> None:
    assert asked.ask("GET", "/v1/health")[1]["state"] == "asleep"
    asked.submit()
    assert asked.ask("GET", "/v1/health")[1]["state"] == "starting"
    asked.hosts.beat(Host("worker", state="up", beat_at=asked.now, running=1, model="gpt2"))
    assert asked.ask("GET", "/v1/health")[1] == {
        "state": "ready",
        "model": "gpt2",
        "running": 1,
        "waiting": 0,
        "mode": "ec2",
    }


def test_an_error_of_ours_is_a_sentence_with_a_number(asked: Asked) -> None:
    asked.jobs.count_open = None  # type: ignore[assignment,method-assign]
    status, sentence = asked.sentence("POST", "/v1/jobs", {"prompt": "x"})
    assert status == 500
    assert sentence.startswith("Something went wrong here; the log has more under 01")
