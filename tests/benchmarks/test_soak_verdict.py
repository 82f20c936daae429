from __future__ import annotations

import pytest

from benchmarks.soak.client import SoakRequest
from benchmarks.soak.verdict import Findings, MemorySample, judge, slope_mb_per_hour

MIB = 2**20


def samples(*mebibytes: float) -> list[MemorySample]:
    return [MemorySample(60.0 * minute, int(size * MIB)) for minute, size in enumerate(mebibytes)]


def calm() -> Findings:
    findings = Findings(memory=samples(*[500] * 20), waits=[0.1], gaps=[0.05])
    findings.compare(SoakRequest("a", 1, 1), "same", "same", "in the crowd")
    return findings


def test_what_is_calm_holds() -> None:
    assert all(one.holds for one in judge(calm()))


def test_the_slope_leaves_out_the_time_of_warming_up() -> None:
    assert slope_mb_per_hour(samples(100, 300, 500, 500, 500, 500, 500, 500)) == pytest.approx(0)
    assert slope_mb_per_hour(samples(*range(500, 540))) == pytest.approx(60, rel=0.01)


def test_memory_that_grows_does_not_hold() -> None:
    findings = calm()
    findings.memory = samples(*range(500, 540))

    assert [one.question for one in judge(findings) if not one.holds] == ["memory stays flat"]


def test_a_wrong_text_names_its_request_and_place_but_not_its_words() -> None:
    findings = calm()
    findings.compare(SoakRequest("a", 1, 7), "the cat", "the dog", "in the crowd")

    assert findings.wrong == ["seed 7, in the crowd: differs from character 4"]
    assert not all(one.holds for one in judge(findings))


def test_nothing_served_does_not_hold() -> None:
    assert not all(one.holds for one in judge(Findings(memory=samples(500, 500))))
