"""What was measured, as data: one row for each question, one cell for each contender."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from benchmarks.contender import Heard

Better = Literal["higher", "lower", "neither"]


@dataclass(frozen=True, slots=True)
class Row:
    """`runs` holds every run of every contender; the table shows medians, which of two runs are means."""

    question: str
    unit: str
    better: Better
    runs: Mapping[str, Sequence[float]]

    def median(self, title: str) -> float | None:
        values = self.runs.get(title)
        return statistics.median(values) if values else None

    def spread(self, title: str) -> float | None:
        """Largest less smallest run, as a share of the median; None for a single run, which says nothing of it."""
        values, median = self.runs.get(title, ()), self.median(title)
        return (max(values) - min(values)) / abs(median) if median and len(values) > 1 else None

    def ratio(self, ours: str, theirs: str) -> float | None:
        """How many times better we are; below 1 we are worse."""
        our, their = self.median(ours), self.median(theirs)
        if self.better == "neither" or not our or not their or ours == theirs:
            return None
        return our / their if self.better == "higher" else their / our


@dataclass(slots=True)
class ModelFigures:
    title: str
    rows: list[Row] = field(default_factory=list)


@dataclass(slots=True)
class Report:
    ours: str
    """The contender that the others are compared with."""
    columns: list[str]
    models: list[ModelFigures] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    """Who is not in it, and why."""
    machine: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class CrowdFigures:
    tokens_per_second: float
    worst_to_median_gap: float
    worst_gap_s: float
    longest_wait_s: float


def read_crowd(arrivals: Sequence[float], heard: Sequence[Heard]) -> CrowdFigures:
    """From when each client came and what it heard when."""
    times = [one.times for one in heard]
    gaps = [later - earlier for row in times for earlier, later in itertools.pairwise(row)]
    seconds = max(row[-1] for row in times) - min(arrivals)
    return CrowdFigures(
        tokens_per_second=sum(one.tokens for one in heard) / seconds,
        worst_to_median_gap=max(gaps) / statistics.median(gaps),
        worst_gap_s=max(gaps),
        longest_wait_s=max(row[0] - at for at, row in zip(arrivals, times, strict=True)),
    )
