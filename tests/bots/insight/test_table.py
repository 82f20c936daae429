from __future__ import annotations

from dataclasses import replace

import pytest

from backends.explanation import Candidate, Kept
from bots.insight.insight import percent
from bots.insight.payload import insight_json
from bots.insight.table import insight_lines
from config.sampling import SamplingOptions
from tests.fakes.insights import make_insight


def plain(line: str) -> str:
    return line.replace("\u2068", "").replace("\u2069", "")


def test_everything_the_picture_says_in_words() -> None:
    lines = [plain(line) for line in insight_lines(make_insight())]
    assert lines == [
        'What could come after "Once upon": temperature 0.8 · top_k 40 · top_p 0.95',
        "As the model gave it → after temperature → as it is drawn:",
        '1. "␣there" 31.0 % → 40.0 % → 60.0 % ← written',
        '2. "␣the" 20.0 % → 25.0 % → 40.0 %',
        '3. "↵" 5.0 % → 4.0 % → cut off',
        '4. "\\xF0\\x9F" 1.0 % → 0.50 % → cut off',
        "2 tokens are kept; together they hold 65.0 % of the probability after temperature.",
        '4 tokens were written; half of them were likelier than 20.0 %, the least likely was "␣lamp" with 16.7 %.',
    ]


def test_ten_rows_at_most() -> None:
    many = tuple(Candidate(f" {number}".encode(), 0.01, 0.01, 0.01) for number in range(20))
    lines = insight_lines(make_insight(candidates=many))
    assert len(lines) == 2 + 10 + 2


def test_where_a_server_tells_only_what_the_model_gave() -> None:
    insight = make_insight(candidates=(Candidate(b" a", 0.5),), kept=None)
    lines = [plain(line) for line in insight_lines(insight)]
    assert lines[1:4] == [
        "As the model gave it:",
        '1. "␣a" 50.0 %',
        "This server tells only what the model gave, not what the options cut off.",
    ]


@pytest.mark.parametrize(
    ("options", "shaping"),
    [
        (SamplingOptions(temperature=0), "temperature 0: always the likeliest"),
        (SamplingOptions(top_k=0, top_p=1, min_p=0.1), "temperature 0.8 · min_p 0.1"),
        (SamplingOptions(top_k=0, top_p=0, repetition_penalty=1.3), "temperature 0.8 · repetition_penalty 1.3"),
    ],
)
def test_only_options_that_do_something_are_named(options: SamplingOptions, shaping: str) -> None:
    assert replace(make_insight(), options=options).shaping == shaping


@pytest.mark.parametrize(
    ("probability", "shown"),
    [(1, "100 %"), (0.9996, "100 %"), (0.5, "50.0 %"), (0.0012, "0.12 %"), (1e-9, "<0.01 %"), (0, "0 %")],
)
def test_percent(probability: float, shown: str) -> None:
    assert percent(probability) == shown


def test_one_kept_token_and_one_written() -> None:
    insight = make_insight(text=" there", kept=Kept(1, 0.31))
    assert insight.kept_sentence == "1 token is kept; it holds 31.0 % of the probability after temperature."
    assert plain(insight.written_sentence) == '1 token was written: "␣there" with 33.3 %.'


def test_of_two_tokens_half_are_likelier_than_the_other() -> None:
    told = plain(make_insight(text=" there was").written_sentence)
    assert "half of them were likelier than 25.0 %" in told
    assert told.endswith('the least likely was "␣was" with 25.0 %.')


def test_programs_get_every_number_and_byte() -> None:
    told = insight_json(make_insight())
    assert told["kept"] == {"count": 2, "mass": 0.65}
    assert told["candidates"][3] == {
        "token": "\\xF0\\x9F", "bytes": [240, 159], "given": 0.01, "tempered": 0.005, "kept": 0.0, "chosen": False,
        "numbers": "1.0 % → 0.50 % → cut off",
    }  # fmt: skip
    assert told["tokens"][0] == {
        "token": "Once", "bytes": list(b"Once"), "probability": None, "percent": None, "written": False,
    }  # fmt: skip
    assert told["tokens"][1]["percent"] == "50.0 %"
