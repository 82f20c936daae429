from __future__ import annotations

import pytest

from bots.excerpts import first_words

TURNING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@pytest.mark.parametrize("sign", TURNING)
def test_what_turns_the_direction_of_text_is_shown(sign: str) -> None:
    assert first_words(f"a{sign} b", 10) == f"a\\u{{{ord(sign):X}}} b"


def test_it_counts_as_one_sign_and_is_cut_as_one() -> None:
    assert first_words("a\u202e b c d", 5) == "a\\u{202E} b…"


def test_arabic_and_what_joins_letters_stay() -> None:
    assert first_words("می\u200cخواهم 👩\u200d🚀", 20) == "می\u200cخواهم 👩\u200d🚀"
