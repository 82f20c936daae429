"""typer's complaints about a command line, as one sentence each."""

from __future__ import annotations

import difflib

import typer

from config.text import shorten


def usage_sentence(error: typer.TyperException) -> str:
    """What is wrong and what was probably meant."""
    option = getattr(error, "option_name", None)
    context = getattr(error, "ctx", None)
    if option is not None and "No such option" in error.message:
        return _unknown_option(str(option), context)
    if option is not None:
        return f"{shorten(str(option))} needs a value after it."
    message = error.format_message().strip().rstrip(".")
    if message.startswith("Got unexpected extra argument"):
        extra = message.partition("(")[2].rpartition("(")[2].rstrip(")")
        return f'I don\'t know what "{shorten(extra)}" is for; {_command(context)} --help explains.'
    if message.startswith("No such command"):
        message = message.replace("No such command", "There is no command").replace("'", '"')
        # typer names every command that is close, the closest first.
        closest = f"{message.partition(',')[0].rstrip('?')}?"
        return closest if message.endswith("?") else f"{message}; inkling --help lists them."
    message = message.replace("Invalid value for ", "").replace("'", "")
    return f"{message[:1].upper()}{message[1:]}." if not message.startswith("-") else f"{message}."


def _unknown_option(option: str, context: typer.Context | None) -> str:
    known = [name for each in (context.command.params if context else ()) for name in each.opts if name[:2] == "--"]
    close = difflib.get_close_matches(option, known, n=1)
    hint = f"Did you mean {close[0]}?" if close else f"{_command(context)} --help lists the options."
    return f'I don\'t know "{shorten(option)}". {hint}'


def _command(context: typer.Context | None) -> str:
    return context.command_path if context is not None else "inkling"
