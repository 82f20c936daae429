"""`inkling explain`: what could come next, and how likely each token of what was written is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bots.cli.sampling_flags import with_sampling_flags
from config.sampling import SamplingOverrides


@with_sampling_flags
def explain(
    prompt: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PROMPT",
            help="The text to go on from, in quotes; - reads standard input, @path a file, @@ stands for a plain @.",
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
    picture: Annotated[Path | None, typer.Option(help="Also draw it into this PNG file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object: every number, unrounded.")] = False,
) -> int:
    """Show why a model writes what it writes.

    The likeliest next tokens, as the model gives them and as temperature and filters leave them, and then how likely
    each token of the prompt and of one completion is. ␣ stands for a space, ↵ for a line break, \\xE2 for a byte that
    is no whole character.
    """
    from bots.cli.explanation_run import run_explanation
    from bots.cli.prompt_source import read_prompt
    from bots.cli.selection import model_to_ask_for, only_default, select
    from bots.commands.story import Completion
    from config.settings import load_settings
    from config.text import check_prompt

    settings = only_default(select(load_settings(), backend, model))
    limit = settings.limits.max_prompt_characters
    text = check_prompt(read_prompt(prompt or [], file, limit), limit)
    given = Completion(text, overrides, preset, model_to_ask_for(settings, model))
    return run_explanation(settings, given, picture, as_json)
