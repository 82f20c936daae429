"""Whatever a function is invoked with, it answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.aws.api.messages import DIRECT, answer_of, request_of
from tests.backends.aws.api.asked import Asked

EVENT: dict[str, Any] = {"rawPath": "/v1/health", "requestContext": {"http": {"method": "GET"}}}
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)
PATHS = st.sampled_from(["/v1/jobs", "/generate", "/v1/jobs/01KB0000000000000000000000", "/v1/health", "/"])
TEXTS = st.dictionaries(st.sampled_from(["after", "wait", "twice", "Idempotency-Key"]), st.text(max_size=9) | JSON)
EVENTS = st.fixed_dictionaries(
    {
        "rawPath": PATHS | JSON,
        "requestContext": st.fixed_dictionaries(
            {"http": st.fixed_dictionaries({"method": st.sampled_from(["GET", "POST", "DELETE"]) | JSON}) | JSON},
            optional={"authorizer": st.fixed_dictionaries({"iam": JSON}) | JSON},
        ),
    },
    optional={
        "body": st.just('{"prompt": "Once"}') | JSON,
        "isBase64Encoded": st.booleans() | JSON,
        "queryStringParameters": TEXTS | JSON,
        "headers": TEXTS | JSON,
    },
)


@given(EVENTS | JSON)
def test_an_event_is_no_event_or_gets_an_answer_that_is_no_breakdown(event: Any) -> None:
    try:
        request = request_of(event)
    except ValueError:
        return
    asked = Asked()
    answer = answer_of(asked.api.answer(request, lambda: 0.0))
    assert answer["statusCode"] in (200, 202, 400, 404)
    json.loads(answer["body"])


def test_who_asks_is_whom_iam_knows() -> None:
    iam = {"userArn": "arn:aws:iam::1:user/ann", "accountId": "1"}
    context = {**EVENT["requestContext"], "authorizer": {"iam": iam}}
    assert request_of({**EVENT, "requestContext": context}).owner == "arn:aws:iam::1:user/ann"


@pytest.mark.parametrize("authorizer", [None, {}, {"iam": None}, {"iam": {}}, {"jwt": {"claims": {}}}])
def test_who_is_not_known_came_directly(authorizer: Any) -> None:
    context = {**EVENT["requestContext"], "authorizer": authorizer}
    assert request_of({**EVENT, "requestContext": context}).owner == DIRECT


def test_headers_are_known_by_small_letters() -> None:
    assert request_of({**EVENT, "headers": {"Idempotency-Key": "k"}}).headers == {"idempotency-key": "k"}


@pytest.mark.parametrize("body", ["not base64", "é"])
def test_a_body_that_is_not_what_it_says_is_no_event(body: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        request_of({**EVENT, "body": body, "isBase64Encoded": True})
