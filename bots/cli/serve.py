"""`inkling serve`: the engine alone, behind the OpenAI completions API."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import typer


def serve(context: typer.Context) -> None:
    """Serve one model over the OpenAI completions API. `inkling serve --help` lists its flags.

    This process becomes `python -m generation`.
    """
    os.execv(sys.executable, [sys.executable, "-m", "generation", *serve_arguments(context.args)])


def serve_arguments(given: Sequence[str]) -> list[str]:
    """The engine's flags: models are kept where the settings say, unless a flag says otherwise."""
    if not {"-h", "--help"}.isdisjoint(given):
        return list(given)

    from config.settings import load_settings

    return ["--cache-dir", str(load_settings().cache_dir), *given]
