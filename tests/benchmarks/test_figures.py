from __future__ import annotations

import pytest

from benchmarks.contender import Heard
from benchmarks.figures import ModelFigures, Report, Row, read_crowd
from benchmarks.table import cell, markdown, spreads


def test_a_ratio_says_how_many_times_better_we_are() -> None:
    speed = Row("1 sequence", "tok/s", "higher", {"ours": [90, 100, 500], "theirs": [50]})
    wait = Row("first token", "ms", "lower", {"ours": [10], "theirs": [40]})

    assert speed.ratio("ours", "theirs") == pytest.approx(2.0)
    assert wait.ratio("ours", "theirs") == pytest.approx(4.0)


def test_a_cell_has_the_ratio_first_and_a_dash_where_nothing_was_measured() -> None:
    row = Row("1 sequence", "tok/s", "higher", {"ours": [1234.0], "theirs": [617.0]})

    assert cell(row, "ours", "theirs") == "2.00× (617)"
    assert cell(row, "ours", "ours") == "1,234"
    assert cell(row, "ours", "nobody") == "–"


def test_what_has_no_better_has_no_ratio() -> None:
    row = Row("perplexity", "", "neither", {"ours": [12.34], "theirs": [12.3]})

    assert cell(row, "ours", "theirs") == "12.3"


def test_a_spread_is_from_the_smallest_to_the_largest_run() -> None:
    row = Row("1 sequence", "tok/s", "higher", {"ours": [90, 100, 120], "theirs": [50], "zero": [0, 0]})

    assert row.spread("ours") == pytest.approx(0.3)
    assert row.spread("theirs") is None
    assert row.spread("zero") is None
    assert row.spread("nobody") is None


def test_spreads_are_told_by_model_and_leave_out_what_ran_once() -> None:
    rows = [
        Row("speed", "tok/s", "higher", {"ours": [99, 100, 101], "theirs": [95, 100, 105]}),
        Row("wait", "ms", "lower", {"ours": [5], "theirs": [8, 10, 12]}),
    ]
    once = Row("wait", "ms", "lower", {"ours": [5]})
    report = Report("ours", ["ours", "theirs"], [ModelFigures("a model", rows), ModelFigures("another", [once])])

    assert spreads(report) == ["a model: runs lie 10 % apart in a usual cell, 40 % at most (wait, theirs)."]


def test_the_crowd_counts_from_the_first_arrival() -> None:
    crowd = read_crowd([1.0, 2.0], [Heard((1.5, 1.6, 1.7), 3), Heard((3.0, 3.1, 4.0), 4)])

    assert crowd.tokens_per_second == pytest.approx(7 / 3)
    assert crowd.worst_gap_s == pytest.approx(0.9)
    assert crowd.worst_to_median_gap == pytest.approx(9.0)
    assert crowd.longest_wait_s == pytest.approx(1.0)


def test_the_markdown_names_who_was_left_out() -> None:
    report = Report("ours", ["ours", "theirs"], left_out={"absent": "not installed"})
    report.models.append(ModelFigures("a model", [Row("1 sequence", "tok/s", "higher", {"ours": [2], "theirs": [1]})]))

    text = markdown(report)

    assert "| 1 sequence, tok/s | 2.00 | 2.00× (1.00) |" in text
    assert "- Left out: absent: not installed" in text
