"""`inkling explain`: what could come next, and how likely each token of what was written is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bots.cli.prompt_flags import Asked, with_prompt_flags


@with_prompt_flags
def explain(
    asked: Asked,
    picture: Annotated[Path | None, typer.Option(help="Also draw it into this PNG file.")] = None,
    choose: Annotated[
        str | None,
        typer.Option(
            metavar="POSITION[:RANK]",
            help="Go on with another token in place of that one: the likeliest other, or the RANKth.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object: every number, unrounded.")] = False,
) -> int:
    """Show why a model writes what it writes.

    The likeliest next tokens, as the model gives them and as temperature and filters leave them, and then how likely
    each token of the prompt and of one completion is; of several --samples it is the first. ␣ stands for a space, ↵ for
    a line break, \\xE2 for a byte that is no whole character.

    With --choose it prints a completion instead, as `inkling complete` does: the same text up to the token with that
    number, another token in its place, and what the model goes on with, by the same options. Name the --seed of the
    text you have seen. On a terminal without RANK you are shown what else could stand there, and asked.
    """
    from bots.cli.choice_run import parse_choice, run_choice
    from bots.cli.explanation_run import run_explanation

    if choose is not None:
        return run_choice(asked.settings, asked.given, parse_choice(choose), picture, as_json)
    return run_explanation(asked.settings, asked.given, picture, as_json)
