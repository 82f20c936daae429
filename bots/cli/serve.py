"""`inkling serve`: the engine alone, behind the OpenAI completions API."""

from __future__ import annotations

import os
import sys

import typer


def serve(context: typer.Context) -> None:
    """Serve one model over the OpenAI completions API. `inkling serve --help` lists its flags.

    This process becomes `python -m generation`.
    """
    os.execv(sys.executable, [sys.executable, "-m", "generation", *context.args])
