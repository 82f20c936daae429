from __future__ import annotations

import json
from dataclasses import replace

import pytest

from backends.explanation import Alternative, TokenChance
from bots.choosing import LONGEST, places, read_fork, tokens
from bots.insight.insight import Insight
from config.errors import InvalidOptions
from tests.fakes.explaining_backend import TEXT
from tests.fakes.insights import make_insight


def of_sample(text: str = TEXT) -> Insight:
    return replace(make_insight(text=text), sample=text)


def test_the_least_likely_places_in_their_order() -> None:
    offered = places(of_sample(), 2)
    assert [each.value for each in offered] == ["2", "3"]
    assert offered[1].label == "4. ␣lamp · 16.7 %"


def test_a_chosen_token_carries_where_it_goes() -> None:
    choice = tokens(of_sample(), "3")[1]
    assert choice.label == "␣map · 12.5 %"
    assert read_fork(choice.value).applied_to(TEXT) == " there was a map"


def test_an_insight_of_no_result_offers_nothing() -> None:
    assert places(make_insight(), 25) == ()


@pytest.mark.parametrize("value", ["", "x", "4", "-1", "²"])
def test_a_place_of_another_text_is_one_sentence(value: str) -> None:
    with pytest.raises(InvalidOptions, match="isn't in the text any more"):
        tokens(of_sample(), value)


@pytest.mark.parametrize("value", ["", "[", "7", "[1, 2, 3]", '[1, "a"]', '["1", "a", "b"]'])
def test_what_no_menu_of_ours_holds_is_refused(value: str) -> None:
    with pytest.raises(InvalidOptions, match="isn't in the text any more"):
        read_fork(value)


def test_long_tokens_are_shortened_in_words_and_left_out_where_they_would_not_fit() -> None:
    long, short = Alternative(b"x" * 100, 0.5), Alternative(b"\n" * 20, 0.25)
    written = (TokenChance("🖋".encode() * 3, 0.1, True, (long, short)),)
    insight = of_sample("🖋" * 3)
    insight = replace(insight, explanation=replace(insight.explanation, tokens=written))
    (only,) = tokens(insight, "0")
    assert json.loads(only.value) == [0, "🖋" * 3, "\n" * 20]
    assert max(len(only.label), len(only.value)) <= LONGEST
