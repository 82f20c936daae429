from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.forms import OTHERS, read_vary, vary_form
from config.errors import InvalidOptions
from config.sampling import SamplingOptions, SamplingOverrides

OPTIONS = SamplingOptions(temperature=0.7, seed=9, samples=3, stop=("\n\n", 'say "hi"\\'))


def values(options: SamplingOptions = OPTIONS, **changes: str) -> dict[str, str]:
    return {field.name: field.value for field in vary_form(options)} | changes


def test_is_filled_with_what_the_request_has() -> None:
    assert values() == {
        "temperature": "0.7",
        "top_p": "0.95",
        "top_k": "40",
        "length": "60",
        OTHERS: r'samples=3 seed=9 stop="\n\n" stop="say \"hi\"\\"',
    }


def test_platforms_take_five_fields_with_short_labels() -> None:
    form = vary_form(OPTIONS)
    assert len(form) <= 5
    assert all(len(field.label) <= 45 for field in form)


def test_nothing_changed_changes_nothing() -> None:
    assert read_vary(values(), OPTIONS) == SamplingOverrides()


@given(
    st.lists(
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=9), max_size=4
    )
)
def test_stop_strings_come_back_as_they_were(stops: list[str]) -> None:
    options = SamplingOptions(stop=tuple(stops), seed=1)
    assert read_vary(values(options), options) == SamplingOverrides()


def test_gives_what_was_changed() -> None:
    typed = values(temperature=" 1.5 ", top_k="", **{OTHERS: "seed=10 min_p=0.1 samples=3"})
    assert read_vary(typed, OPTIONS) == SamplingOverrides(temperature=1.5, seed=10, min_p=0.1)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"temperature": "3"}, "temperature must be between 0 and 2; you gave 3."),
        ({"top_p": "0,5"}, 'top_p: "0,5" is not a number here; write 0.5.'),
        ({OTHERS: "--sead=3"}, "Did you mean --seed?"),
        ({OTHERS: "make it nice"}, '"make it nice" is not an option; write name=value.'),
    ],
)
def test_says_what_is_wrong(changes: dict[str, str], sentence: str) -> None:
    with pytest.raises(InvalidOptions, match=sentence.replace("?", r"\?")):
        read_vary(values(**changes), OPTIONS)
