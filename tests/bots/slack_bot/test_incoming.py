"""What Slack does to what people type, undone."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.commands.command_line import parse_completion
from bots.slack_bot.incoming import read_message, read_typed, without_mention
from bots.slack_bot.markup import escape
from config.errors import InvalidOptions


@given(st.text(max_size=200))
def test_what_was_typed_comes_back(text: str) -> None:
    assert read_typed(escape(text)) == text
    assert read_message(escape(text)) == text


@given(st.text(max_size=200))
def test_a_command_gives_a_prompt_or_a_sentence(text: str) -> None:
    with suppress(InvalidOptions):
        assert parse_completion(read_typed(escape(text))).completion.prompt in text


@pytest.mark.parametrize(
    ("brought", "typed"),
    [
        ("see <http://a.example|a.example> now", "see a.example now"),
        ("see <https://a.example/x?y=1&amp;z=2>", "see https://a.example/x?y=1&z=2"),
        ("<mailto:a@b.example|a@b.example>", "a@b.example"),
        ("<@U1|ada> and <@U2>", "@ada and @U2"),
        ("<#C1|general> <#C2>", "#general #C2"),
        ("<!channel> <!subteam^S1|@us> <!here>", "@channel @us @here"),
        ("&amp;lt; &lt;b&gt;", "&lt; <b>"),
    ],
)
def test_links_people_and_channels_read_as_they_were(brought: str, typed: str) -> None:
    assert read_message(brought) == typed


@pytest.mark.parametrize(
    ("said", "rest"),
    [
        ("<@B1> continue", "continue"),
        ("  <@B1|inkling>   Once\nupon", "Once\nupon"),
        ("hey <@B1> continue", "hey continue"),
        ("<@B1>", ""),
        ("<@U2> hello", "<@U2> hello"),
        ("<@B1> <@B1> twice", "<@B1> twice"),
    ],
)
def test_the_bots_own_name_is_left_out(said: str, rest: str) -> None:
    assert without_mention(said, "B1") == rest


def test_quotes_that_slack_or_phones_make_are_understood() -> None:
    given_ = parse_completion(read_typed("—stop “\\n” --temperature 0.5 — a &lt; b"))
    assert given_.completion.prompt == "a < b"
    assert given_.completion.overrides.stop == ("\n",)
