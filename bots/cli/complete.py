"""`inkling complete`: finish a text and print the completion."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bots.cli.sampling_flags import with_sampling_flags
from config.sampling import SamplingOverrides


@with_sampling_flags
def complete(
    prompt: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PROMPT",
            help="The text to finish, in quotes; - reads standard input, @path a file, @@ stands for a plain @.",
            show_default=False,
        ),
    ] = None,
    *,
    overrides: SamplingOverrides,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="Read the prompt from this file (UTF-8).")] = None,
    preset: Annotated[str | None, typer.Option(help="Use a preset saved on the page; flags win over it.")] = None,
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="Use this model; `inkling models` lists some.")
    ] = None,
    backend: Annotated[str | None, typer.Option(help="Use this backend of the settings.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object: texts, options, times.")] = False,
    no_cut: Annotated[
        bool, typer.Option("--no-cut", help="Refuse a prompt that is too long instead of dropping its beginning.")
    ] = False,
) -> int:
    """Finish a text.

    The completion goes to standard output as it is written, followed by a line break; everything else goes to
    standard error. Several samples follow each other; take --json to tell them apart in a program. Ctrl-C keeps what
    was written and exits with 130.
    """
    from bots.cli.completion_run import run_completion
    from bots.cli.prompt_source import read_prompt
    from bots.cli.selection import model_to_ask_for, only_default, select
    from bots.commands.story import Completion
    from config.settings import load_settings
    from config.text import check_prompt

    settings = only_default(select(load_settings(), backend, model))
    limit = settings.limits.max_prompt_characters
    text = check_prompt(read_prompt(prompt or [], file, limit), limit)
    given = Completion(text, overrides, preset, model_to_ask_for(settings, model), cut=not no_cut)
    return run_completion(settings, given, as_json)
