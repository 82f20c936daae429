"""What the soak found, and whether it holds."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table

from benchmarks.engine_server import read_memory
from benchmarks.soak.client import SoakRequest

_WARM_SHARE = 0.25
"""The first part of the time, in which caches fill and the allocator finds its size."""
MOST_GROWTH_MB_PER_HOUR = 40.0
MOST_GROWTH_SHARE = 0.03
LONGEST_WAIT_S = 30.0
LONGEST_GAP_S = 5.0


@dataclass(frozen=True, slots=True)
class MemorySample:
    at_s: float
    resident: int

    @classmethod
    def take(cls, at_s: float, pid: int) -> MemorySample:
        return cls(at_s, read_memory(pid, "VmRSS") or 0)


@dataclass(slots=True)
class Findings:
    memory: list[MemorySample] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    compared: int = 0
    wrong: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def count(self, kind: str) -> None:
        self.kinds[kind] += 1

    def fail(self, what: str) -> None:
        self.failures.append(what)

    def compare(self, request: SoakRequest, before: str, after: str, when: str) -> None:
        self.compared += 1
        if before != after:
            place = next((i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), -1)
            self.wrong.append(f"seed {request.seed}, {when}: differs from character {place}")

    def summary(self) -> str:
        served = sum(self.kinds.values())
        return f"{served} requests, {len(self.wrong)} wrong texts, {len(self.failures)} failures"


@dataclass(frozen=True, slots=True)
class Judgement:
    question: str
    figures: str
    holds: bool


def slope_mb_per_hour(samples: Sequence[MemorySample]) -> float:
    """Of the line through the samples after the warm part."""
    warm = samples[int(len(samples) * _WARM_SHARE) :]
    if len(warm) < 2:
        return 0.0
    line = statistics.linear_regression([sample.at_s for sample in warm], [sample.resident for sample in warm])
    return line.slope * 3600 / 2**20


def judge(findings: Findings) -> list[Judgement]:
    waits, gaps = findings.waits or [0.0], findings.gaps or [0.0]
    return [
        _judge_memory(findings.memory),
        Judgement(
            f"nobody waits longer than {LONGEST_WAIT_S:g} s for the first token",
            f"longest {max(waits):.1f} s, median {statistics.median(waits):.2f} s",
            bool(findings.waits) and max(waits) <= LONGEST_WAIT_S,
        ),
        Judgement(
            f"no text stands still for more than {LONGEST_GAP_S:g} s",
            f"longest gap {max(gaps):.1f} s, median of the longest {statistics.median(gaps):.2f} s",
            max(gaps) <= LONGEST_GAP_S,
        ),
        Judgement(
            "same seed, same text, alone and in the crowd",
            f"{len(findings.wrong)} wrong of {findings.compared}",
            not findings.wrong and findings.compared > 0,
        ),
        Judgement(
            "every request is answered as it deserves",
            f"{len(findings.failures)} failures; " + ", ".join(f"{n} {kind}" for kind, n in findings.kinds.items()),
            not findings.failures,
        ),
    ]


def _judge_memory(samples: Sequence[MemorySample]) -> Judgement:
    """Flat: a small slope, or so short a time that the line hardly rose."""
    slope = slope_mb_per_hour(samples)
    warm = samples[int(len(samples) * _WARM_SHARE) :]
    sizes = [sample.resident / 2**20 for sample in samples] or [0.0]
    rise = slope * (warm[-1].at_s - warm[0].at_s) / 3600 if warm else 0.0
    return Judgement(
        "memory stays flat",
        f"{sizes[0]:.0f} MiB at first, {sizes[-1]:.0f} at last, {max(sizes):.0f} at most; {slope:+.1f} MiB an hour",
        slope <= MOST_GROWTH_MB_PER_HOUR or rise <= MOST_GROWTH_SHARE * sizes[-1],
    )


def print_verdict(console: Console, findings: Findings) -> bool:
    """Whether everything holds."""
    table = Table(title="Soak")
    for column in ("", "question", "figures"):
        table.add_column(column)
    judgements = judge(findings)
    for one in judgements:
        table.add_row("✓" if one.holds else "✗", one.question, one.figures)
    console.print(table)
    for line in (findings.wrong + findings.failures)[:10]:
        console.print(line, markup=False)
    holds = all(one.holds for one in judgements)
    console.print("Everything holds." if holds else "Something does not hold.")
    return holds
