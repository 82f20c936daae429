"""Help texts as typer shows them well: paragraphs without line breaks, and examples at the end."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from rich.markup import escape


def examples(*lines: str) -> str:
    """typer keeps line breaks only where a blank line is."""
    return "\n\n".join(["[bold]Examples[/bold]", *(f"  $ {escape(line)}" for line in lines)])


def help_of(command: Callable[..., object]) -> str:
    """The command's docstring, each paragraph on one line so that it wraps to the terminal's width."""
    paragraphs = (inspect.getdoc(command) or "").split("\n\n")
    return "\n\n".join(paragraph.replace("\n", " ") for paragraph in paragraphs)
