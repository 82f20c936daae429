from __future__ import annotations

from backends.explanation import Alternative, TokenChance
from bots.forks import fork_at
from bots.insight.choices import taken_tokens
from tests.fakes.explaining_backend import TEXT, chances

OTHER = (Alternative(b" x", 0.5),)


def tokens(*parts: bytes) -> list[TokenChance]:
    return [TokenChance(part, 0.1, True, OTHER) for part in parts]


def test_every_place_offers_what_is_text_and_not_what_was_taken() -> None:
    taken = taken_tokens(chances("", TEXT), TEXT)
    assert "".join(each.text for each in taken) == TEXT
    assert [[other.text for other in each.candidates] for each in taken] == [
        [" dragon", " map", "\n", " sea", " fox"]
    ] * len(taken)
    fork = fork_at(taken, 3, 1)
    assert fork.applied_to(TEXT) == " there was a map"


def test_within_a_character_nothing_can_be_chosen() -> None:
    pen = "🖋".encode()
    taken = taken_tokens(tokens(b" a", pen[:2], pen[2:], b" b"), " a🖋 b")
    assert [each.text for each in taken] == [" a", "🖋", "", " b"]
    assert [bool(each.candidates) for each in taken] == [True, True, False, True]
    assert fork_at(taken, 1, 0).applied_to(" a🖋 b") == " a x"
    assert fork_at(taken, 3, 0).applied_to(" a🖋 b") == " a🖋 x"


def test_text_whose_token_is_the_prompts_counts_to_the_first() -> None:
    taken = taken_tokens(tokens(b" upon", b" a"), "e upon a")
    assert [(each.text, bool(each.candidates)) for each in taken] == [("e upon", False), (" a", True)]


def test_tokens_of_another_text_offer_nothing() -> None:
    assert taken_tokens(tokens(b" a", b" b"), " a c") == ()
    assert taken_tokens((), "a") == ()
