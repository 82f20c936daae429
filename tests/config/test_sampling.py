from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from config.errors import InvalidOptions
from config.sampling import (
    ALIASES,
    MAX_SAMPLES,
    MAX_SEED,
    OPTION_BY_NAME,
    OPTIONS,
    SamplingOptions,
    SamplingOverrides,
    canonical_name,
    parse_overrides,
)
from tests.fakes.sentences import refusal_of

NUMBERS = [spec for spec in OPTIONS if spec.kind != "strings"]
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    ANY_TEXT,
    st.binary(max_size=8),
    st.lists(ANY_TEXT, max_size=6),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
    st.sampled_from([10**5000, -(10**5000), "9" * 5000, "1e999", "١٢", object()]),
)


def fault(**raw: Any) -> str:
    with pytest.raises(InvalidOptions) as caught:
        parse_overrides(raw)
    return caught.value.sentence


@st.composite
def numbers(draw: st.DrawFn) -> tuple[str, float | int]:
    """An option and a value that it takes."""
    spec = draw(st.sampled_from(NUMBERS))
    assert spec.minimum is not None
    assert spec.maximum is not None
    if spec.kind == "integer":
        return spec.name, draw(st.integers(int(spec.minimum), int(spec.maximum)))
    return spec.name, draw(st.floats(spec.minimum, spec.maximum))


@given(numbers())
def test_numbers_may_be_spelled(option: tuple[str, float | int]) -> None:
    name, value = option
    given_ = parse_overrides({name: value})
    assert parse_overrides({name: str(value)}) == given_
    assert parse_overrides({name: f" {value} "}) == given_
    assert given_.given() == {name: value}


@given(numbers())
def test_overrides_are_laid_over_options(option: tuple[str, float | int]) -> None:
    overrides = parse_overrides(dict([option]))
    options = overrides.over(SamplingOptions())
    assert SamplingOptions.model_validate(options.model_dump()) == options
    assert overrides.over(options) == options
    assert SamplingOverrides().over(options) == options


@given(st.one_of(st.sampled_from([*OPTION_BY_NAME, *ALIASES]), ANY_TEXT), JUNK)
def test_whatever_comes_is_taken_or_refused_in_one_sentence(name: str, value: Any) -> None:
    refusal_of(lambda: parse_overrides({name: value}))


@given(st.sampled_from(NUMBERS), st.floats(allow_nan=False, allow_infinity=False))
def test_out_of_range_is_refused_with_the_range(spec: Any, value: float) -> None:
    assume(not spec.minimum <= value <= spec.maximum)
    sentence = fault(**{spec.name: value})
    assert sentence.startswith(f"{spec.name} must be")
    assert f"between {spec.minimum:g} and " in sentence


@pytest.mark.parametrize("spec", NUMBERS, ids=lambda spec: spec.name)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, "nan", "inf", "-Infinity", "1e999"])
def test_not_finite_is_refused_by_name(spec: Any, value: float | str) -> None:
    assert fault(**{spec.name: value}).startswith(f"{spec.name} must be a number between ")


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        ({"temperature": 3}, "temperature must be between 0 and 2; you gave 3."),
        ({"temperature": "1,5"}, 'temperature: "1,5" is not a number here; write 1.5.'),
        ({"temperature": "nan"}, "temperature must be a number between 0 and 2; nan is not one."),
        ({"temperature": True}, 'temperature must be a number between 0 and 2; "True" is not one.'),
        ({"temp": "hot"}, 'temperature must be a number between 0 and 2; "hot" is not one.'),
        ({"length": "1_000"}, 'length must be a number between 1 and 8,192; "1_000" is not one.'),
        ({"length": 2.5}, "length must be a whole number between 1 and 8,192; you gave 2.5."),
        ({"length": "2.5"}, "length must be a whole number between 1 and 8,192; you gave 2.5."),
        ({"length": ""}, 'length must be a number between 1 and 8,192; "" is not one.'),
        ({"seed": -1}, "seed must be between 0 and 2,147,483,647; you gave -1."),
        ({"seed": 10**5000}, "seed must be between 0 and 2,147,483,647; you gave a number with very many digits."),
        ({"temprature": 1}, 'I don\'t know "temprature". Did you mean temperature?'),
        ({"max_token": 1}, 'I don\'t know "max_token". Did you mean max_tokens?'),
        ({"n": 2, "samples": 3}, "samples is given twice."),
        ({"stop": ""}, "stop can't be an empty string."),
        ({"stop": ["a", "b", "c", "d", "e"]}, "stop takes up to 4 strings; you gave more."),
        ({"stop": "x" * 201}, "A stop string can be up to 200 characters long."),
        ({"stop": ["\ud800"]}, "A stop string holds a character that can't be used (NUL or half of a surrogate pair)."),
        ({"stop": ["\x00"]}, "A stop string holds a character that can't be used (NUL or half of a surrogate pair)."),
        ({"stop": 3}, "stop must be one string or a list of strings."),
        ({"stop": ["a", 3]}, "stop must be one string or a list of strings."),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_faults_are_told_exactly(raw: dict[str, Any], sentence: str) -> None:
    assert fault(**raw) == sentence


def test_unknown_name_far_from_any_lists_the_options() -> None:
    assert fault(zzz=1) == f'I don\'t know "zzz". The options are {", ".join(OPTION_BY_NAME)}.'


def test_unprintable_name_is_escaped() -> None:
    assert fault(**{"a\nb\ud800\x00": 1}).startswith(r"""I don't know "a\nb\ud800\x00".""")


@pytest.mark.parametrize(
    ("written", "meant"),
    [*ALIASES.items(), ("Top-K", "top_k"), (" TEMPERATURE ", "temperature"), ("MAX-TOKENS", "length")],
)
def test_names_have_aliases(written: str, meant: str) -> None:
    assert canonical_name(written) == meant


def test_numbers_are_read_as_their_type() -> None:
    overrides = parse_overrides({"length": 3.0, "samples": "2.0", "temperature": "1", "top_k": "1e3"})
    assert overrides.given() == {"length": 3, "samples": 2, "temperature": 1.0, "top_k": 1000}
    assert isinstance(overrides.length, int)


def test_none_is_not_set() -> None:
    assert parse_overrides(dict.fromkeys(OPTION_BY_NAME)).given() == {}


def test_no_stops_can_be_asked_for() -> None:
    base = SamplingOptions(stop=("\n",))
    assert parse_overrides({"stop": []}).over(base).stop == ()
    assert parse_overrides({"stop": "a"}).over(base).stop == ("a",)


@given(st.integers(0, MAX_SEED), st.integers(0, MAX_SAMPLES - 1))
def test_seeds_of_samples_count_up_and_wrap(seed: int, sample: int) -> None:
    options = SamplingOptions(seed=seed)
    assert options.with_seed() is options
    assert options.seed_of(0) == seed
    assert 0 <= options.seed_of(sample) <= MAX_SEED
    assert (options.seed_of(sample) - seed) % (MAX_SEED + 1) == sample


def test_seed_past_the_last_is_zero() -> None:
    assert SamplingOptions(seed=MAX_SEED).seed_of(1) == 0


def test_drawn_seed_leaves_room_for_every_sample() -> None:
    drawn = [SamplingOptions().with_seed() for _ in range(100)]
    assert len({options.seed for options in drawn}) > 1
    for options in drawn:
        assert options.seed is not None
        assert options.seed_of(MAX_SAMPLES - 1) == options.seed + MAX_SAMPLES - 1


def test_seed_of_needs_a_seed() -> None:
    with pytest.raises(ValueError, match="with_seed"):
        SamplingOptions().seed_of(0)


def test_greedy_is_temperature_zero() -> None:
    assert SamplingOptions(temperature=0).greedy
    assert not SamplingOptions(temperature=1e-9).greedy


def test_overrides_and_specs_cover_the_options() -> None:
    assert list(SamplingOverrides.model_fields) == list(SamplingOptions.model_fields) == list(OPTION_BY_NAME)
    assert set(ALIASES.values()) <= set(OPTION_BY_NAME)
    assert not set(ALIASES) & set(OPTION_BY_NAME)


@pytest.mark.parametrize("spec", OPTIONS, ids=lambda spec: spec.name)
def test_specs_are_complete(spec: Any) -> None:
    assert spec.help.endswith(".")
    assert spec.range
    assert spec.default == SamplingOptions.model_fields[spec.name].default
    if spec.kind != "strings":
        for bound in (spec.minimum, spec.maximum):
            assert parse_overrides({spec.name: bound}).given() == {spec.name: bound}
        assert "you gave" in fault(**{spec.name: spec.minimum - 1})
        assert "you gave" in fault(**{spec.name: spec.maximum + 1})
