from __future__ import annotations

import pytest

from backends.explanation import Candidate, Kept
from bots.insight.stages import legend, numbers_of, stages_line
from config.sampling import SamplingOptions
from tests.fakes.insights import make_insight

GIVEN, DRAWN, CUT = ("given", "as the model gave it"), ("kept", "as it is drawn"), ("cut", "cut off")


@pytest.mark.parametrize(
    ("options", "between"),
    [
        (SamplingOptions(temperature=0.8), "after temperature"),
        (SamplingOptions(temperature=1, repetition_penalty=1.2), "after penalties"),
        (SamplingOptions(temperature=2, presence_penalty=1), "after penalties and temperature"),
        (SamplingOptions(temperature=1), ""),
        (SamplingOptions(temperature=0, repetition_penalty=1.2), ""),
        (SamplingOptions(temperature=0.8, top_k=0, top_p=1), ""),
    ],
)
def test_what_is_between_the_model_and_the_filters_is_told_where_it_differs_from_both(
    options: SamplingOptions, between: str
) -> None:
    insight = make_insight(options=options)
    middle = (("tempered", between),) if between else ()
    assert legend(insight) == (GIVEN, *middle, DRAWN, CUT)
    assert stages_line(insight) == " → ".join(["As the model gave it", *([between] if between else []), DRAWN[1]])
    there = insight.candidates[0]
    assert numbers_of(insight, there) == ("31.0 % → 40.0 % → 60.0 %" if between else "31.0 % → 60.0 %")


def test_cut_off_is_no_mark_where_nothing_is() -> None:
    insight = make_insight(candidates=(Candidate(b" is", 0.5, 0.6, 0.7),), kept=Kept(9, 0.9))
    assert "cut" not in dict(legend(insight))


def test_a_server_that_tells_only_the_models_numbers() -> None:
    insight = make_insight(candidates=(Candidate(b" a", 0.5),), kept=None)
    assert legend(insight) == (GIVEN,)
    assert numbers_of(insight, insight.candidates[0]) == "50.0 %"
