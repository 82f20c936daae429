from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.discord_bot.markup import MARKUP, quote, small


@given(st.text(st.sampled_from("ab \n\\*_~`|<@[]#>-+.1)"), max_size=60))
def test_escapes_add_and_remove_nothing_else(text: str) -> None:
    escaped = MARKUP.escape(text)
    assert re.sub(r"\\([^0-9A-Za-z\s])", r"\1", escaped) == text


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("@everyone <@&1> <#2> <t:1:R>", r"\@everyone \<\@&1> \<#2> \<t:1:R>"),
        ("**b** _i_ ~~s~~ ||h|| `c`", r"\*\*b\*\* \_i\_ \~\~s\~\~ \|\|h\|\| \`c\`"),
        ("# head\n> quote\n-# small\n- item\n1. one", "\\# head\n\\> quote\n\\-# small\n\\- item\n1\\. one"),
        ("#tag -5 1.5 a > b", "#tag -5 1.5 a > b"),
        ("[text](https://a.b/c_d)", r"\[text\](https://a.b/c_d)"),
        ("\\", r"\\"),
        ("https://a.b<t:1:R>", r"https\://a.b\<t:1:R>"),
        ("https://a.b/**[x](https://evil)", r"https\://a.b/\*\*\[x\](https://evil)"),
        ("https://a.b/\\", "https\\://a.b/\\\\"),
        ("steam://run/<@1>", r"steam\://run/\<\@1>"),
        ("a\r# head\n\x0c# head\n\u2003# head", "a\r\\# head\n\x0c\\# head\n\u2003\\# head"),
    ],
)
def test_nothing_means_anything(text: str, escaped: str) -> None:
    assert MARKUP.escape(text) == escaped


DISCORDS_LINK = re.compile(r"https?://[^\s<]+[^<.,:;\"'\]\s]")
"""As its clients look for it, greedily, whatever it swallows."""
LINKED = st.lists(
    st.sampled_from(["https://a.b/c_d", "https://", *" \n<*`|[]()\\.~@_", "<t:1:R>", "**", "x"]), max_size=20
)


@given(LINKED.map("".join))
def test_no_link_swallows_what_keeps_text_from_meaning_something(text: str) -> None:
    for link in DISCORDS_LINK.findall(MARKUP.strong(MARKUP.escape(text)).removesuffix("**")):
        assert not re.search(r"[\\*`|\[\]]", link)


def test_counts_as_discords_clients_do() -> None:
    assert MARKUP.length("a🖋") == 3


def test_small_print_is_one_line() -> None:
    assert small('stopped at "\n\n" · *x*') == '-# stopped at " " · \\*x\\*'


def test_a_quotation_is_quoted_line_by_line() -> None:
    assert quote("one\n> two") == "> one\n> \\> two"
