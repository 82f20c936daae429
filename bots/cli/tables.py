"""Tables on standard output: drawn on a terminal, tab-separated lines in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bots.cli.terminal import visible


def print_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """The last column wraps on a narrow terminal; lines in a pipe have no heading."""
    console = Console(file=sys.stdout, highlight=False)
    if not console.is_terminal:
        sys.stdout.writelines("\t".join(cell.replace("\n", " ") for cell in row) + "\n" for row in rows)
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for number, head in enumerate(heads):
        table.add_column(head, no_wrap=number == 0, overflow="fold")
    for row in rows:
        table.add_row(*(Text(visible(cell)) for cell in row))
    console.print(table)
