"""`inkling serve`: the engine alone, behind the OpenAI completions API."""

from __future__ import annotations

import os

import typer


def serve(context: typer.Context) -> None:
    """Serve one model over the OpenAI completions API. `inkling serve --help` lists its flags.

    What no flag says is as the settings have it. This process becomes `python -m generation`.
    """
    from backends.local import engine_flags
    from bots.cli.selection import local_backend
    from config.settings import load_settings
    from generation.command_line import ENGINE_COMMAND

    settings = load_settings()
    flags = engine_flags(local_backend(settings), settings.cache_dir)
    # The last of two equal flags counts.
    os.execv(ENGINE_COMMAND[0], [*ENGINE_COMMAND, *flags, *context.args])
