"""`inkling serve`: the engine alone, behind the OpenAI completions API."""

from __future__ import annotations

import os
from collections.abc import Sequence

import typer


def serve(context: typer.Context) -> None:
    """Serve one model over the OpenAI completions API. `inkling serve --help` lists its flags.

    What no flag says is as the settings have it. This process becomes `python -m generation`.
    """
    from generation.command_line import ENGINE_COMMAND

    os.execv(ENGINE_COMMAND[0], [*ENGINE_COMMAND, *serve_arguments(context.args)])


def serve_arguments(given: Sequence[str]) -> list[str]:
    """The engine's flags: those given, after the settings' own, as the last of two equal flags counts."""
    if not {"-h", "--help"}.isdisjoint(given):
        return list(given)

    from backends.local import engine_flags
    from bots.cli.selection import local_backend
    from config.settings import load_settings

    settings = load_settings()
    return [*engine_flags(local_backend(settings), settings.cache_dir), *given]
