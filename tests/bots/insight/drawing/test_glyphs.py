from __future__ import annotations

import pytest

from bots.insight.drawing.glyphs import drawable


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("plain – “text” كان", "plain – “text” كان"),
        ("a 🏳️‍🌈 z", "a ‹waving white flag rainbow› z"),
        ("👍🏽", "‹thumbs up sign›"),
        ("東京", "\\u{6771}\\u{4EAC}"),
        ("a\U000e0101", "a\\u{E0101}"),
        ("\u2068a\u2069", "a"),
        ("a\u202eb\u200f", "a\\u{202E}b\\u{200F}"),
    ],
)
def test_signs_no_font_has_are_named_and_letters_are_their_code_points(text: str, drawn: str) -> None:
    assert drawable(text) == drawn
