"""`inkling complete`: finish a text and print the completion."""

from __future__ import annotations

from typing import Annotated

import typer

from bots.cli.prompt_flags import Asked, with_prompt_flags


@with_prompt_flags
def complete(
    asked: Asked,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object: texts, options, times.")] = False,
) -> int:
    """Finish a text.

    The completion goes to standard output as it is written, followed by a line break; everything else goes to
    standard error. Several samples follow each other; take --json to tell them apart in a program. Ctrl-C keeps what
    was written and exits with 130.
    """
    from bots.cli.completion_run import run_completion

    return run_completion(asked.settings, asked.given, as_json)
