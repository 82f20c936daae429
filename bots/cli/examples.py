"""The example lines at the end of a help text."""

from __future__ import annotations

from rich.markup import escape


def examples(*lines: str) -> str:
    """typer keeps line breaks only where a blank line is."""
    return "\n\n".join(["[bold]Examples[/bold]", *(f"  $ {escape(line)}" for line in lines)])
