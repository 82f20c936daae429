from __future__ import annotations

import pytest

from bots.insight.spelling import quoted_token, spell_excerpt, spell_token


@pytest.mark.parametrize(
    ("token", "spelled"),
    [
        (b" the", "␣the"),
        (b"\n\n", "↵↵"),
        (b"\t", "⇥"),
        (b"\xe2\x80", "\\xE2\\x80"),
        (b"a\xf0\x9f", "a\\xF0\\x9F"),
        (b"\\xE2", "\\\\xE2"),
        ("\u200d".encode(), "\\u{200D}"),
        ("\u202ea\u2069\u200f".encode(), "\\u{202E}a\\u{2069}\\u{200F}"),
        ("\u00a0".encode(), "\\u{A0}"),
        ("\u0301".encode(), "◌\u0301"),
        ("🖋".encode(), "🖋"),
        (" مرحبا".encode(), "␣مرحبا"),
        (b"\x07", "\\u{7}"),
        (b"", "(end)"),
    ],
)
def test_no_token_can_be_taken_for_another(token: bytes, spelled: str) -> None:
    assert spell_token(token) == spelled


def test_arabic_leaves_the_order_of_what_stands_beside_it() -> None:
    assert quoted_token("مرحبا".encode()) == '"\u2068مرحبا\u2069"'


def test_an_excerpt_reads_like_the_text() -> None:
    assert spell_excerpt("a b\nc", 10) == '"\u2068a b↵c\u2069"'
    assert spell_excerpt("x" * 50, 5) == '"\u2068…xxxx\u2069"'
