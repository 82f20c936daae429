"""Long texts become messages, and the messages are the text."""

from __future__ import annotations

import re

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from bots.discord_bot.markup import MARKUP
from bots.splitting import split


class PlainMarkup:
    def escape(self, text: str) -> str:
        return text

    def strong(self, text: str) -> str:
        return f"<{text}>"

    def length(self, text: str) -> int:
        return len(text)


PLAIN = PlainMarkup()
DISCORDS_BLOCK = re.compile(r"```(?:[a-z0-9_+\-.#]+?\n)?\n*([^\n][\s\S]*?)\n*```", re.IGNORECASE)
"""As its clients look for it."""
ALPHABET = st.sampled_from(
    [
        *"ab .!?\n\n`*_~|<@>#-[]()\\1",
        "```",
        "\n```\n",
        "```py\n",
        "\u202e",
        "🖋️",
        "👩‍👩‍👧",
        "e\u0301",
        "क्षि",
        "@everyone",
        "<@&1>",
        "https://a.b/c_d ",
    ]
)
TEXT = st.lists(ALPHABET, max_size=150).map("".join)


def unescaped(shown: str) -> str:
    return re.sub(r"\\([^0-9A-Za-z\s])", r"\1", shown)


def bare(text: str) -> str:
    """What must survive: all but space, fences, emphasis, escapes and the mark inside backticks."""
    return re.sub(r"\s|\u200b|`|py|\*|\\", "", text)


@given(TEXT, TEXT, st.integers(60, 300))
def test_nothing_is_lost_and_every_part_fits(prompt: str, completion: str, limit: int) -> None:
    parts = split(prompt, completion, MARKUP, limit)
    assert all(MARKUP.length(part) <= limit for part in parts)
    assert bare("".join(parts)) == bare(prompt + completion)


@given(TEXT, st.integers(60, 200))
def test_fences_hold_in_every_part(text: str, limit: int) -> None:
    for part in split("", text, MARKUP, limit):
        fences = re.findall(r"(?<!\\)```", part)
        assert len(fences) % 2 == 0, part


@given(TEXT, st.integers(60, 200))
def test_graphemes_stay_whole(text: str, limit: int) -> None:
    clusters = {each for each in regex.findall(r"\X", text) if len(each) > 1 and not each.isspace()}
    shown = "\0".join(split("", text, PLAIN, limit))
    for cluster in clusters & {"👩‍👩‍👧", "e\u0301", "🖋️"}:
        assert shown.count(cluster) == text.count(cluster)


@given(st.text(st.sampled_from("ab .\n"), min_size=1, max_size=600), st.integers(60, 120))
def test_cuts_stay_where_they_are_as_the_text_grows(text: str, limit: int) -> None:
    whole = split("", text, PLAIN, limit)
    for length in range(0, len(text), 37):
        parts = split("", text[:length], PLAIN, limit)
        assert parts[:-1] == whole[: len(parts) - 1]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("One two three.\n\nFour five six seven", "One two three.\n\n"),
        ("One two three\nfour five six seven eight", "One two three\n"),
        ("One two three! Four five six seven ei", "One two three! "),
        ("One two three four five six", "One two three four "),
        ("Onetwothreefourfivesixseven", "Onetwothreefourfives"),
        ("一二三四五六七八九十。一二三四五六七八九十", "一二三四五六七八九十。"),
        ("A. then a long run of words here", "A. then a long run "),
    ],
)
def test_cuts_where_it_reads_best(text: str, first: str) -> None:
    assert split("", text, PLAIN, 20)[0] == first


def test_a_block_is_closed_and_opened_again_with_its_language() -> None:
    text = "Look:\n```py\n" + "x = 1\n" * 20 + "```\nDone"
    first, *middle, last = split("", text, PLAIN, 60)
    assert first.startswith("Look:\n```py\nx = 1\n")
    assert all(part.startswith("```py\nx = 1\n") for part in middle)
    assert all(part.endswith("x = 1\n```") for part in (first, *middle))
    assert last.startswith("```py\n")
    assert last.endswith("```\nDone")


def test_a_prompt_may_open_the_block_that_the_completion_closes() -> None:
    assert split("Sum:\n```py\nprint(", "1 + 1)\n```\nTwo.", MARKUP, 200) == (
        "**Sum:**\n```py\nprint(1 + 1)\n```\nTwo.",
    )


def test_an_open_block_is_closed() -> None:
    assert split("", "```\nx", PLAIN, 100) == ("```\nx\n```",)


def test_backticks_inside_a_block_do_not_end_it() -> None:
    (part,) = split("", "```\nsay ``` now\n```", PLAIN, 100)
    assert part == "```\nsay ``\u200b` now\n```"


@pytest.mark.parametrize("count", range(3, 12))
def test_however_many_backticks_inside_a_block_do_not_end_it(count: int) -> None:
    (part,) = split("", f"```\nsay {'`' * count} [now](https://evil.example)\n```", PLAIN, 100)
    assert part.count("```") == 2


@pytest.mark.parametrize("body", ["", "\n", "\n\n\r\n"])
def test_an_empty_block_ends_where_it_ends(body: str) -> None:
    """Discord takes the end of an empty block for its first words, and what comes after for a block or none."""
    (part,) = split("", f"```\n{body}```\nfoo\n```\n[x](https://evil.example)\n```", PLAIN, 200)
    assert [block.strip() for block in DISCORDS_BLOCK.findall(part)] == ["\u200b", "[x](https://evil.example)"]


def test_emphasis_is_closed_and_opened_again() -> None:
    assert split("one two three four five ", "six", PLAIN, 20) == ("<one two three> ", "<four five> six")


def test_a_pile_of_marks_is_cut_after_all() -> None:
    parts = split("", "a" + "\u0301" * 500, PLAIN, 100)
    assert all(len(part) <= 100 for part in parts)
    assert "".join(parts) == "a" + "\u0301" * 500


@pytest.mark.parametrize("text", ["", " ", "\n" * 500])
def test_nothing_to_show_is_one_empty_part(text: str) -> None:
    assert split("", text, PLAIN, 100) == ("",)


def test_twenty_thousand_characters() -> None:
    text = "The keeper wrote *a* letter. " * 690
    parts = split("Begin: ", text, MARKUP, 1500)
    assert unescaped("".join(parts)) == "**Begin:** " + text
    assert len(parts) == 15
