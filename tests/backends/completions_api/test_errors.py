from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.completions_api.errors import Asked, NoSuchPage, ServerUnreachable, error_from_event, error_from_status
from backends.completions_api.wire import ErrorDetail
from config.errors import (
    BackendUnavailable,
    EngineFailed,
    InklingError,
    InvalidOptions,
    NotFound,
    Overloaded,
    PromptTooLong,
    RetryableError,
)

ASKED = Asked("main", "gpt2", {"top_k": "set top_k to 0", "min_p": "set min_p to 0"}, 60)
NOW = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)


def error(status: int, answer: Any = None, retry_after: str | None = None) -> InklingError:
    return error_from_status(status, ErrorDetail.from_json(answer), retry_after, ASKED, NOW)


@pytest.mark.parametrize(
    ("status", "kind", "sentence"),
    [
        (400, InvalidOptions, "main refused the request: Too hot."),
        (401, BackendUnavailable, "main refuses the key; check api_key of this backend in the settings."),
        (403, BackendUnavailable, "main refuses the key; check api_key of this backend in the settings."),
        (404, NoSuchPage, "main has no completions there; check that base_url ends in /v1."),
        (413, InvalidOptions, "main refused the request: Too hot."),
        (422, InvalidOptions, "main refused the request: Too hot."),
        (429, Overloaded, "main is busy; try again in a moment."),
        (500, EngineFailed, "main failed: Too hot."),
        (502, ServerUnreachable, "main isn't available right now: Too hot."),
        (503, ServerUnreachable, "main isn't available right now: Too hot."),
        (504, BackendUnavailable, "main answered with HTTP status 504: Too hot."),
        (302, BackendUnavailable, "main answered with HTTP status 302: Too hot."),
    ],
)
def test_each_status_is_one_sentence(status: int, kind: type[InklingError], sentence: str) -> None:
    found = error(status, {"error": {"message": "Too\nhot."}})
    assert type(found) is kind
    assert found.sentence == sentence


@pytest.mark.parametrize(
    "answer",
    [
        {"error": {"message": "Too hot.", "type": "x", "code": 400}},
        {"object": "error", "message": "Too hot.", "code": 400},
        {"error": "Too hot.", "error_type": "validation"},
        {"detail": "Too hot."},
        {"detail": [{"loc": ["body", "temperature"], "msg": "Too hot.", "input": "the secret prompt"}]},
    ],
)
def test_reads_every_known_shape(answer: Any) -> None:
    assert error(400, answer).sentence == "main refused the request: Too hot."


@pytest.mark.parametrize(
    ("answer", "prompt_tokens", "max_tokens", "max_model_len"),
    [
        (
            {
                "message": "Too long.",
                "code": "context_length_exceeded",
                "prompt_tokens": 1312,
                "max_tokens": 50,
                "max_model_len": 1024,
            },
            1312,
            50,
            1024,
        ),
        (
            {
                "message": "This model's maximum context length is 4097 tokens, however you requested 4927 tokens "
                "(3927 in your prompt; 1000 for the completion). Please reduce your prompt.",
                "code": None,
            },
            3927,
            60,
            4097,
        ),
        (
            {
                "message": "This model's maximum context length is 2048 tokens. However, you requested 2100 tokens "
                "(2000 in the messages, 100 in the completion). Please reduce the length of the messages."
            },
            2000,
            60,
            2048,
        ),
        (
            {
                "message": "This model's maximum context length is 1024 tokens. However, your request has "
                "1312 input tokens. Please reduce the length of the input messages."
            },
            1312,
            60,
            1024,
        ),
        (
            {
                "message": "'max_tokens' or 'max_completion_tokens' is too large: 60. This model's maximum context "
                "length is 1024 tokens and your request has 1000 input tokens (60 > 1024 - 1000)."
            },
            1000,
            60,
            1024,
        ),
        (
            {
                "message": "You passed 1312 input tokens and requested 60 output tokens. However, the model's context "
                "length is only 1024 tokens, resulting in a maximum input length of 964 tokens."
            },
            1312,
            60,
            1024,
        ),
        (
            {
                "message": "the request exceeds the available context size, try increasing it",
                "type": "exceed_context_size_error",
                "n_prompt_tokens": 1312,
                "n_ctx": 1024,
            },
            1312,
            60,
            1024,
        ),
        (
            {
                "message": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 "
                "`inputs` tokens and 60 `max_new_tokens`"
            },
            5000,
            60,
            4096,
        ),
    ],
    ids=["inkling", "openai", "vllm-old", "vllm-input", "vllm-max-tokens", "vllm-new", "llama-server", "tgi"],
)
def test_prompt_too_long_in_every_wording(
    answer: dict[str, Any], prompt_tokens: int, max_tokens: int, max_model_len: int
) -> None:
    found = error(400, {"error": answer})
    assert isinstance(found, PromptTooLong)
    assert (found.prompt_tokens, found.max_tokens, found.max_model_len) == (prompt_tokens, max_tokens, max_model_len)


def test_prompt_too_long_without_numbers_still_says_so() -> None:
    found = error(400, {"error": {"message": "No room.", "code": "context_length_exceeded"}})
    assert type(found) is InvalidOptions
    assert found.name == "prompt"
    assert found.sentence == "That prompt is too long for gpt2: No room."


@pytest.mark.parametrize(
    "answer",
    [
        {"error": {"message": "Unrecognized request argument supplied: top_k", "type": "invalid_request_error"}},
        {"error": {"message": "Unknown parameter: 'top_k'.", "param": "top_k", "code": "unknown_parameter"}},
        {"error": {"message": "property 'top_k' is unsupported"}},
        {"detail": [{"type": "extra_forbidden", "loc": ["body", "top_k"], "msg": "Extra inputs are not permitted"}]},
    ],
)
def test_field_that_a_strict_server_refuses_is_named_with_a_remedy(answer: Any) -> None:
    found = error(400, answer)
    assert isinstance(found, InvalidOptions)
    assert found.name == "top_k"
    assert found.sentence == "main doesn't take top_k; set top_k to 0."


def test_field_with_a_bad_value_is_not_called_unknown() -> None:
    assert "doesn't take" not in error(400, {"error": {"message": "top_k must be at least 1"}}).sentence


def test_missing_model_is_not_found() -> None:
    found = error(404, {"error": {"message": "The model `gpt2` does not exist.", "code": "model_not_found"}})
    assert isinstance(found, NotFound)
    assert found.sentence == 'main has no model "gpt2".'


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        ("0.5", 0.5),
        ("Fri, 01 May 2026 12:00:30 GMT", 30),
        ("Fri, 01 May 2020 12:00:30 GMT", 0),
        ("soon", None),
        ("-1", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_a_number_or_a_date(header: str | None, seconds: float | None) -> None:
    found = error(429, None, header)
    assert isinstance(found, RetryableError)
    assert found.retry_after_s == seconds


def test_retry_after_is_in_the_sentence() -> None:
    assert error(429, None, "120").sentence == "main is busy; try again in about 120 s."


def test_error_inside_a_stream_keeps_the_text() -> None:
    found = error_from_event(ErrorDetail(message="Out of memory."), ASKED)
    assert isinstance(found, EngineFailed)
    assert found.sentence == "main broke off: Out of memory; the text so far is kept."


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["error", "message", "detail", "code", "loc"]), inner)
    ),
)


@given(status=st.integers(201, 599), answer=_JSON, header=st.none() | st.text())
def test_no_answer_breaks_it(status: int, answer: Any, header: str | None) -> None:
    found = error(status, json.loads(json.dumps(answer)), header)
    assert "\n" not in found.sentence
    assert len(found.sentence) < 400
