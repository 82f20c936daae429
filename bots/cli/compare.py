"""`inkling compare`: one prompt, finished with two sets of options."""

from __future__ import annotations

from typing import Annotated

import typer


def compare(
    words: Annotated[
        list[str],
        typer.Argument(metavar="OPTIONS vs OPTIONS PROMPT", help="As on the page: options, vs, options, and the text."),
    ],
    backend: Annotated[str | None, typer.Option(help="Use this backend of the settings.")] = None,
) -> int:
    """Finish a text twice, with one seed.

    The text begins at the first word behind vs that is no option; put prompt: before one that begins with vs itself.

    On a terminal both stand beside each other; in a pipe or a file the first comes first, then a line of three
    dashes, then the second. What each was written with goes to standard error.
    """
    from bots.cli.compare_run import CompareRun
    from bots.cli.selection import select
    from bots.cli.terminal import Terminal
    from bots.commands.comparison import parse_comparison
    from config.settings import load_settings

    settings = select(load_settings(), backend, None)
    return CompareRun(settings, Terminal.standard()).start(parse_comparison(" ".join(words)))
