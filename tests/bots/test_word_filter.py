"""What the word filter finds and covers."""

from __future__ import annotations

import time
import unicodedata
from fnmatch import fnmatchcase

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bots.word_filter import MASK, WordFilter

globs = st.text("ab*-", min_size=1, max_size=6).filter(lambda word: word.strip("*"))


@pytest.mark.parametrize(
    ("word", "text", "masked"),
    [
        ("darn", "Darn, DARN it; darned darning", "▇▇▇▇, ▇▇▇▇ it; darned darning"),
        ("darn*", "darn darned undarned", "▇▇▇▇ ▇▇▇▇▇▇ undarned"),
        ("*darn*", "undarned!", "▇▇▇▇▇▇▇▇!"),
        ("d*n", "darn down dn den-d", "▇▇▇▇ ▇▇▇▇ ▇▇ ▇▇▇-d"),
        ("d**n", "darn", "▇▇▇▇"),
        ("c++", "c++ c c+ (c++)", "▇▇▇ c c+ (▇▇▇)"),
        ("a.c", "abc a.c", "abc ▇▇▇"),
        ("two words", "two words, two\n  words; two-words", "▇▇▇▇▇▇▇▇▇, ▇▇▇▇▇▇▇▇▇▇▇; two-words"),
        ("two * words", "two  bad\twords, two words", "▇▇▇▇▇▇▇▇▇▇▇▇▇▇, two words"),
        (" padded ", "it is padded.", "it is ▇▇▇▇▇▇."),
        ("straße", "STRASSE Straße", "▇▇▇▇▇▇▇ ▇▇▇▇▇▇"),
        ("привет", "ПРИВЕТ, мир", "▇▇▇▇▇▇, мир"),
        ("\\d", "5 \\d", "5 ▇▇"),
        ("under", "under_score", "under_score"),
    ],
)
def test_covers_whole_words(word: str, text: str, masked: str) -> None:
    words = WordFilter([word])
    assert words.mask(text) == masked
    assert words.finds(text) == (masked != text)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("typed", ["NFC", "NFD"])
def test_accents_count_however_they_are_spelled(form: str, typed: str) -> None:
    words = WordFilter([unicodedata.normalize(typed, "café")])
    assert words.finds(unicodedata.normalize(form, "the Café is open"))
    assert not words.finds("cafe")


def test_covers_any_of_several_words() -> None:
    assert WordFilter(["darn", "heck*"]).mask("heck, hecky darn") == "▇▇▇▇, ▇▇▇▇▇ ▇▇▇▇"


def test_the_longer_of_two_words_is_covered_in_full() -> None:
    assert WordFilter(["darn", "darn it"]).mask("darn it") == "▇▇▇▇▇▇▇"


@pytest.mark.parametrize("words", [(), ("*",), ("***", " ", "* *", "\u00a0", "*\u3000")])
def test_no_real_word_covers_nothing(words: tuple[str, ...]) -> None:
    assert not WordFilter(words).finds("anything at all, even * and ***")
    assert WordFilter(words).mask("anything") == "anything"


def test_many_stars_do_not_hold_the_process_up() -> None:
    words = WordFilter(["*" + "a*" * 90 + "b"])
    began = time.perf_counter()
    assert not words.finds("a" * 30_000 + "bc b")
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize("word", ["a * b", "* a", "a * * b"])
def test_a_long_stretch_of_space_does_not_hold_the_process_up(word: str) -> None:
    words = WordFilter([word])
    began = time.perf_counter()
    assert not words.finds("a" + " " * 100_000 + "z ab ba")
    assert time.perf_counter() - began < 2


@given(globs, st.text("ab", min_size=1, max_size=12))
def test_one_word_matches_as_a_glob_does(word: str, text: str) -> None:
    assert (WordFilter([word]).mask(text) == MASK * len(text)) == fnmatchcase(text, word)


@given(st.lists(st.text("aß*", max_size=4), max_size=4), st.text("aAßs- \u0301*"))
@example(["*ßaa"], "ssAAs ßAA")
def test_masking_keeps_the_length_and_is_thorough(words: list[str], text: str) -> None:
    chosen = WordFilter(words)
    masked = chosen.mask(text)
    assert len(masked) == len(text)
    assert not chosen.finds(masked)
    assert chosen.finds(text) == (masked != text)


def test_hundreds_of_stars_cost_a_harmless_text_little() -> None:
    words = WordFilter([f"*{first}{second}x*" for first in "abcdefghijklmnopqrst" for second in "abcdefghijklmnopqrst"])
    text = "a harmless sentence about the sea; " * 600
    began = time.perf_counter()
    assert words.mask(text) == text
    assert time.perf_counter() - began < 1
