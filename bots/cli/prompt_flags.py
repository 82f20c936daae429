"""A prompt, and the flags that say how to go on from it: the same for every command that writes."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bots.cli.sampling_flags import with_sampling_flags
from config.sampling import SamplingOverrides

if TYPE_CHECKING:
    from bots.commands.story import Completion
    from config.settings import Settings


@dataclass(frozen=True, slots=True)
class Asked:
    """What a command line asks for, read and checked."""

    settings: Settings
    given: Completion


def with_prompt_flags(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give `command` a prompt and one flag for each thing about it; it gets them as its first argument, `asked`."""
    shared = inspect.signature(_read).parameters
    _, *own = inspect.signature(command, eval_str=True).parameters.values()
    # A prompt comes before all flags, and sampling flags have a panel of their own at the end.
    parameters = [*shared.values(), *(each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in own)]

    @functools.wraps(command)
    def with_asked(**given: Any) -> Any:
        asked = _read(**{name: given.pop(name) for name in shared})
        return command(asked, **given)

    with_asked.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    with_asked.__annotations__ = {each.name: each.annotation for each in parameters}
    return with_asked


@with_sampling_flags
def _read(
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
    no_cut: Annotated[
        bool, typer.Option("--no-cut", help="Refuse a prompt that is too long instead of dropping its beginning.")
    ] = False,
) -> Asked:
    from bots.cli.prompt_source import read_prompt
    from bots.cli.selection import model_to_ask_for, only_default, select
    from bots.commands.story import Completion
    from config.settings import load_settings
    from config.text import check_prompt

    settings = only_default(select(load_settings(), backend, model))
    limit = settings.limits.max_prompt_characters
    text = check_prompt(read_prompt(prompt or [], file, limit), limit)
    return Asked(settings, Completion(text, overrides, preset, model_to_ask_for(settings, model), cut=not no_cut))
