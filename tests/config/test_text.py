from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import InvalidOptions
from config.text import check_model_name, check_prompt, closest, find_unusable_character, shorten
from tests.fakes.sentences import refusal_of

# hypothesis' text leaves surrogates out unless they are asked for.
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=200)


@given(ANY_TEXT)
def test_text_is_unusable_exactly_when_it_cannot_be_stored(text: str) -> None:
    index = find_unusable_character(text)
    try:
        text.encode("utf-8")
        storable = "\x00" not in text
    except UnicodeEncodeError:
        storable = False
    assert (index is None) == storable
    if index is not None:
        assert find_unusable_character(text[:index]) is None


@given(ANY_TEXT, st.integers(2, 80))
def test_shortened_text_is_one_printable_line(text: str, limit: int) -> None:
    short = shorten(text, limit)
    assert len(short) <= limit
    assert short.isprintable()
    if text.isprintable() and len(text) <= limit:
        assert short == text


@given(ANY_TEXT)
def test_prompt_is_given_back_unchanged_or_refused_in_a_sentence(text: str) -> None:
    refusal = refusal_of(lambda: check_prompt(text, 100))
    usable = bool(text.strip()) and len(text) <= 100 and find_unusable_character(text) is None
    assert (refusal is None) == usable
    if usable:
        assert check_prompt(text, 100) == text


@pytest.mark.parametrize(
    ("prompt", "sentence"),
    [
        ("", "The prompt is empty; write some text for me to finish."),
        (" \n\t", "The prompt is empty; write some text for me to finish."),
        ("x" * 1001, "That prompt is 1,001 characters; the limit here is 1,000."),
        ("ab\x00", "The prompt holds a NUL character at position 3; take it out and send it again."),
        ("\ud800", "The prompt holds half of a surrogate pair at position 1; take it out and send it again."),
    ],
)
def test_unusable_prompt_says_why(prompt: str, sentence: str) -> None:
    with pytest.raises(InvalidOptions) as caught:
        check_prompt(prompt, 1000)
    assert caught.value.sentence == sentence


def test_longest_prompt_passes() -> None:
    assert check_prompt("x" * 1000, 1000) == "x" * 1000


def test_the_closest_word_of_a_very_long_one_is_not_sought_for_seconds() -> None:
    began = time.perf_counter()
    assert closest("x" * 8_000_000, ["temperature"]) is None
    assert time.perf_counter() - began < 0.2
    assert closest("temprature", ["length", "temperature"]) == "temperature"


@pytest.mark.parametrize("name", ["\ud800", "a\x00", "a\nb", "\u202ea", "m" * 501])
def test_what_no_model_is_called(name: str) -> None:
    with pytest.raises(InvalidOptions, match="can't be a model's name"):
        check_model_name(name)


@pytest.mark.parametrize("name", ["", "gpt2", "org/name", "C:\\a model.gguf", "模型"])
def test_what_a_model_may_be_called(name: str) -> None:
    assert check_model_name(name) == name
