"""`python -m benchmarks`: this engine beside its peers, in one run, as one table."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Sequence

from rich.console import Console

from benchmarks.command_line import Choice, parse_choice
from benchmarks.figures import Report
from benchmarks.folders import RESULTS
from benchmarks.measurements import CROWD_NEW_TOKENS, CROWD_PROMPT_TOKENS, CROWD_SPREAD_S, NEW_TOKENS, PROMPT_TOKENS
from benchmarks.peers.worker import TEMPERATURE, TOP_K, TOP_P
from benchmarks.session import Session
from benchmarks.table import markdown, print_report, spreads


def main(arguments: Sequence[str]) -> None:
    choice = parse_choice(arguments)
    console = Console()
    started = time.monotonic()
    with console.status("") as status:

        def tell(what: str) -> None:
            line = f"{(time.monotonic() - started) / 60:.1f} min · {what}"
            status.update(line)
            if not console.is_terminal:
                console.print(line, highlight=False)

        report = asyncio.run(Session(choice, tell).run())
    report.notes += [*_notes(choice, (time.monotonic() - started) / 60), *spreads(report)]
    print_report(console, report)
    if choice.saves:
        _save(report)
        console.print(f"Kept in {RESULTS}", style="dim")


def _notes(choice: Choice, minutes: float) -> list[str]:
    return [
        f"{_name_averages(choice.runs)} after one to warm up, everyone in turn, {minutes:.0f} minutes in all. "
        f"Prompts of {PROMPT_TOKENS} tokens of English, each used once; {NEW_TOKENS} new tokens; "
        f"temperature {TEMPERATURE}, top_k {TOP_K}, top_p {TOP_P}.",
        f"The crowd: prompts of {CROWD_PROMPT_TOKENS} tokens, {CROWD_NEW_TOKENS} new ones, everyone comes within "
        f"{CROWD_SPREAD_S:g} s, once. transformers and CTranslate2 can't add to a running batch: whoever waits makes "
        "up the next. Gaps are between pieces: Inkling sends what came since in frames of 30 ms, its peers each token.",
        "Inkling's caches are warm but in the rows that say otherwise: its peak memory is a later start's.",
        "Everyone is asked inside a process of its own, Inkling also as its users ask it. Peers write on past the end "
        "of a text; Inkling ends there, and only what it wrote counts.",
    ]


def _name_averages(runs: int) -> str:
    """Of two runs the median is the mean."""
    return {1: "One run", 2: "Means of 2 runs"}.get(runs, f"Medians of {runs} runs")


def _save(report: Report) -> None:
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "latest.md").write_text(markdown(report), encoding="utf-8")
    (RESULTS / "latest.json").write_text(json.dumps(report.to_json(), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
