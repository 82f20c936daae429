"""`inkling story`: the page's latest story, to read, to keep, as a tree."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Form = Literal["read", "text", "markdown", "tree", "picture"]


def story(
    form: Annotated[Form, typer.Argument(metavar="FORM", help="read, text, markdown, tree or picture.")] = "read",
    number: Annotated[
        int | None, typer.Option("--number", "-n", min=1, help="Up to which sample of its tree, by its number there.")
    ] = None,
    channel: Annotated[str, typer.Option(help="The page's channel.")] = "general",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write a file; a picture needs one on a terminal.")
    ] = None,
) -> int:
    """Tell the latest story of the page.

    Whatever was tried on the page is in its tree: other versions, other samples, places where another token was
    chosen. The text goes to standard output letter by letter as it was written.
    """
    from bots.cli.story_run import run_story
    from bots.commands.tree import StoryAsk
    from config.settings import load_settings

    return run_story(load_settings(), channel, StoryAsk(form, number), output)
