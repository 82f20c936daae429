"""How a command ends: every error becomes one sentence and an exit code here, and nowhere else."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence

import typer

from bots.cli.app import make_app
from bots.cli.exit_codes import FAILED, INTERRUPTED, MISTAKE, READER_LEFT
from bots.cli.usage import usage_sentence
from config.errors import EngineRefused, InklingError, InvalidOptions, InvalidSettings, NotAllowed, NotFound

_OUTPUT_FAILS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
_MISTAKES = (InvalidOptions, InvalidSettings, NotFound, NotAllowed, EngineRefused)


def run(arguments: Sequence[str], app: typer.Typer | None = None) -> int:
    """Run one command line, of Inkling's own commands when `app` is left out; returns its exit code."""
    code = _run(arguments, app or make_app())
    try:
        sys.stdout.flush()
    except (BrokenPipeError, AttributeError, ValueError):
        _drop_output()
        return code or READER_LEFT
    except OSError as error:
        if not code:  # A command that failed has said why: once is enough.
            _report_unwritten(error)
        _drop_output()
        return code or FAILED
    return code


def _run(arguments: Sequence[str], app: typer.Typer) -> int:
    try:
        command = typer.main.get_command(app)
        result = command.main(list(arguments), prog_name="inkling", standalone_mode=False)
    except InklingError as error:
        _complain(error.sentence)
        return MISTAKE if isinstance(error, _MISTAKES) else FAILED
    except typer.TyperException as error:
        _complain(usage_sentence(error))
        return MISTAKE
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        _drop_output()
        return READER_LEFT
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _OUTPUT_FAILS:
            _report_unwritten(error)
        else:
            _report_bug(error)
        return FAILED
    return result if isinstance(result, int) else 0


def _complain(sentence: str) -> None:
    from bots.cli.terminal import Terminal

    Terminal(None, sys.stderr).say(sentence, "red")


def _report_bug(error: Exception) -> None:
    """The traceback goes to the log, for those who ask for it."""
    import structlog

    from config.log import configure_logging
    from config.settings import LogSettings, load_settings

    try:
        configure_logging(load_settings().log)
    except InklingError:
        configure_logging(LogSettings())
    structlog.get_logger(__name__).debug("cli.failed", exc_info=error)
    _complain(
        f"Inkling has a bug and had to stop ({type(error).__name__}); "
        "run it again with INKLING_LOG__LEVEL=debug to see where."
    )


def _report_unwritten(error: OSError) -> None:
    _complain(f"I can't write to standard output: {(error.strerror or str(error)).lower()}.")


def _drop_output() -> None:
    """Point standard output nowhere, or Python complains about it once more when it exits."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
