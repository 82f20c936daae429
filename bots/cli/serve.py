"""`inkling serve`: the engine alone, behind the OpenAI completions API."""

from __future__ import annotations

import os

import typer


def serve(context: typer.Context) -> None:
    """Serve one model over the OpenAI completions API. `inkling serve --help` lists its flags.

    This process becomes `python -m generation`.
    """
    from generation.command_line import ENGINE_COMMAND

    os.execv(ENGINE_COMMAND[0], [*ENGINE_COMMAND, *context.args])
