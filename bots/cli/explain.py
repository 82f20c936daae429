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
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object: every number, unrounded.")] = False,
) -> int:
    """Show why a model writes what it writes.

    The likeliest next tokens, as the model gives them and as temperature and filters leave them, and then how likely
    each token of the prompt and of one completion is. ␣ stands for a space, ↵ for a line break, \\xE2 for a byte that
    is no whole character.
    """
    from bots.cli.explanation_run import run_explanation

    return run_explanation(asked.settings, asked.given, picture, as_json)
