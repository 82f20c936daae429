from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import InvalidOptions
from generation.openai_schema import MAX_PROMPTS, NEUTRAL, parse_call


def parse(**body: Any):
    return parse_call(json.dumps({"prompt": "Hi", **body}).encode())


def refusal(**body: Any) -> InvalidOptions:
    with pytest.raises(InvalidOptions) as refused:
        parse(**body)
    return refused.value


def test_defaults_are_neutral() -> None:
    call = parse()
    assert call.options == NEUTRAL
    assert (call.options.temperature, call.options.top_p, call.options.top_k, call.options.length) == (1, 1, 0, 16)
    assert (call.logprobs, call.echo, call.stream, call.model, call.options.seed) == (None, False, False, None, None)


def test_null_means_not_given() -> None:
    names = ("max_tokens", "n", "stop", "temperature", "logprobs", "stream_options", "logit_bias", "suffix", "model")
    assert parse(**dict.fromkeys(names)) == parse()


def test_every_option_arrives() -> None:
    options = parse(
        max_tokens=7, n=3, best_of=3, seed=9, stop=["a", "b"], temperature=0.5, top_p=0.9, top_k=5, min_p=0.1,
        typical_p=0.8, repetition_penalty=1.2, frequency_penalty=-1, presence_penalty=1.5, user="someone",
        logit_bias={}, suffix="",
    ).options  # fmt: skip
    assert (options.length, options.samples, options.seed, options.stop) == (7, 3, 9, ("a", "b"))
    assert (options.temperature, options.top_p, options.top_k, options.min_p, options.typical_p) == (
        0.5, 0.9, 5, 0.1, 0.8,
    )  # fmt: skip
    assert (options.repetition_penalty, options.frequency_penalty, options.presence_penalty) == (1.2, -1, 1.5)


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("text", ("text",)),
        ("", ("",)),
        (["a", "b"], ("a", "b")),
        ([1, 2, 3], ((1, 2, 3),)),
        ([[1, 2], [3]], ((1, 2), (3,))),
    ],
)
def test_prompts(prompt: object, expected: object) -> None:
    assert parse(prompt=prompt).prompts == expected


@pytest.mark.parametrize(
    "prompt", [None, [], {}, 5, True, [True], [1.5], [1, "a"], ["a", None], [[]], [["a"]], [[1], []]]
)
def test_prompts_of_other_kinds(prompt: object) -> None:
    assert refusal(prompt=prompt).name == "prompt"


@pytest.mark.parametrize("prompt", ["a\x00b", "a\ud800", ["fine", "\udfff"]])
def test_unusable_characters(prompt: object) -> None:
    assert "position" in refusal(prompt=prompt).sentence


def test_number_of_prompts() -> None:
    assert len(parse(prompt=["a"] * MAX_PROMPTS).prompts) == MAX_PROMPTS
    assert f"up to {MAX_PROMPTS}" in refusal(prompt=["a"] * (MAX_PROMPTS + 1)).sentence


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("temperature", 3, "temperature must be between 0 and 2; you gave 3."),
        ("temperature", "1,5", 'temperature: "1,5" is not a number here; write 1.5.'),
        ("temperature", "0.5", 'temperature must be a number, not a string; you gave "0.5".'),
        ("temperature", float("nan"), "temperature must be a number between 0 and 2; nan is not one."),
        ("top_p", float("inf"), "top_p must be a number between 0 and 1; inf is not one."),
        ("max_tokens", 0, "max_tokens must be between 1 and 8,192; you gave 0."),
        ("max_tokens", 1.5, "max_tokens must be a whole number between 1 and 8,192; you gave 1.5."),
        ("n", 33, "n must be between 1 and 32; you gave 33."),
        ("n", True, 'n must be a number between 1 and 32; "True" is not one.'),
        ("seed", -1, "seed must be between 0 and 2,147,483,647; you gave -1."),
        ("seed", 2**70, None),
        ("stop", ["a"] * 5, "stop takes up to 4 strings; you gave more."),
        ("stop", "", "stop can't be an empty string."),
        ("stop", 5, "stop must be one string or a list of strings."),
        ("logprobs", 21, "logprobs must be between 0 and 20; you gave 21."),
        ("logprobs", True, "logprobs must be a whole number between 0 and 20."),
        ("logprobs", "5", "logprobs must be a whole number between 0 and 20."),
        ("echo", "yes", "echo must be true or false."),
        ("stream", 1, "stream must be true or false."),
        ("best_of", 2, "best_of must equal n, which is 1: every sample is returned."),
        ("logit_bias", {"5": 1}, "logit_bias is not supported here; leave it out."),
        ("suffix", "end", None),
        ("stream_options", {"include_usage": True}, "stream_options needs stream to be true."),
        ("truncate_prompt_tokens", 0, None),
        ("model", 5, "model must be a string."),
        ("temprature", 1, 'I don\'t know the field "temprature". Did you mean temperature?'),
        ("top_n", 1, 'I don\'t know the field "top_n". Did you mean top_p?'),
    ],
)
def test_refusals_name_the_field(field: str, value: object, sentence: str | None) -> None:
    error = refusal(**{field: value})
    assert error.name == field
    assert field in error.sentence
    if sentence is not None:
        assert error.sentence == sentence


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'"text"', b"\xff\xfe", b"[" * 100_000, b"1" * 10_000])
def test_bodies_that_are_no_objects(raw: bytes) -> None:
    with pytest.raises(InvalidOptions, match="body"):
        parse_call(raw)


def test_scoring_takes_no_tokens() -> None:
    call = parse(echo=True, max_tokens=0, logprobs=1)
    assert call.score_only
    assert not parse(echo=True, max_tokens=1).score_only
    assert refusal(echo=True, max_tokens=False).name == "max_tokens"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=5), values, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["prompt", "stop", "n", "temperature", "echo", "logprobs", "seed", "stream_options", "best_of"])


@given(st.dictionaries(NAMES | st.text(max_size=8), JSON, max_size=5))
def test_any_body_is_read_or_refused(body: dict[str, Any]) -> None:
    refused: InvalidOptions | None = None
    try:
        parse_call(json.dumps(body).encode())
    except InvalidOptions as error:
        refused = error
    assert refused is None or (refused.sentence[-1] in ".?" and len(refused.sentence) < 300)
