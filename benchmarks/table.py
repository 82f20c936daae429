"""The one table, for the terminal and as Markdown: our figure, then for each peer how many times better we are."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.figures import Report, Row

_QUESTION_WIDTH = 24


def show_number(value: float) -> str:
    """Three digits that matter."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def cell(row: Row, ours: str, title: str) -> str:
    """`1.8× (35)`: the ratio first; only the figure where there is nothing to compare."""
    value = row.median(title)
    if value is None:
        return "–"
    ratio = row.ratio(ours, title)
    return show_number(value) if ratio is None else f"{ratio:.2f}× ({show_number(value)})"


def cells(report: Report, row: Row) -> list[str]:
    unit = f", {row.unit}" if row.unit else ""
    return [f"{row.question}{unit}", *(cell(row, report.ours, title) for title in report.columns)]


def rich_table(report: Report) -> Table:
    table = Table(box=box.SIMPLE_HEAD, title=_title(report))
    table.add_column("", min_width=_QUESTION_WIDTH)
    for title in report.columns:
        table.add_column(title, justify="right", overflow="fold", style="bold" if title == report.ours else None)
    for model in report.models:
        table.add_section()
        table.add_row(f"[bold]{model.title}[/]")
        for row in model.rows:
            table.add_row(*cells(report, row))
    return table


def print_report(console: Console, report: Report) -> None:
    console.print(rich_table(report))
    for line in remarks(report):
        console.print(line, style="dim", highlight=False, markup=False)


def markdown(report: Report) -> str:
    lines = [f"# {_title(report)}", "", _markdown_row(["", *report.columns]), "|---|" + "--:|" * len(report.columns)]
    for model in report.models:
        lines.append(_markdown_row([f"**{model.title}**", *[""] * len(report.columns)]))
        lines += [_markdown_row(cells(report, row)) for row in model.rows]
    return "\n".join([*lines, "", *(f"- {remark}" for remark in remarks(report))]) + "\n"


def remarks(report: Report) -> list[str]:
    """What a reader needs to judge the figures."""
    facts = (f"{name}: {value}" for part in (report.machine, report.versions) for name, value in part.items())
    left_out = (f"Left out: {title}: {why}" for title, why in report.left_out.items())
    return [*left_out, *report.notes, *facts]


def spreads(report: Report) -> list[str]:
    """How far the runs of one cell lie apart, by model: where the table is least sure."""
    lines = []
    for model in report.models:
        cells = ((row.spread(title), row.question, title) for row in model.rows for title in row.runs)
        found = [(spread, question, title) for spread, question, title in cells if spread is not None]
        if found:
            most, question, title = max(found)
            middle = statistics.median(spread for spread, _, _ in found)
            lines.append(
                f"{model.title}: runs lie {100 * middle:.0f} % apart in a usual cell, "
                f"{100 * most:.0f} % at most ({question}, {title})."
            )
    return lines


def _title(report: Report) -> str:
    return f"{report.ours} beside its peers: ×: how many times better {report.ours} is"


def _markdown_row(texts: Sequence[str]) -> str:
    return "| " + " | ".join(texts) + " |"
