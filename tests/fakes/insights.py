"""Insights as tests of what shows them need them."""

from __future__ import annotations

from backends.explanation import Candidate, Explanation, Kept
from bots.insight.insight import Insight
from config.sampling import SamplingOptions
from tests.fakes.explaining_backend import CANDIDATES, TEXT, chances

KEPT = Kept(2, 0.65)


def make_insight(
    prompt: str = "Once upon",
    text: str = TEXT,
    candidates: tuple[Candidate, ...] = CANDIDATES,
    kept: Kept | None = KEPT,
    options: SamplingOptions | None = None,
) -> Insight:
    explanation = Explanation(candidates, kept, chances(prompt, text))
    return Insight(prompt, options or SamplingOptions(seed=7), "gated-1", explanation)
