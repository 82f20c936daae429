"""`python -m generation`: one model behind the OpenAI completions API.

stdout has one JSON object a line for whoever started this, and a sentence on a terminal: {"event": "loading", "url": …}
when /health answers there, then {"event": "ready", "url": …, "model": …, "path": …, "load_s": …}. stderr is for people;
when the process fails, its last line is why.
Exit codes: 0 told to stop, 1 failed and may work later, 2 will never work like this.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence

import structlog

from config.errors import InklingError, InvalidSettings
from generation.command_line import complain, parse_flags
from generation.freed_memory import keep_few_arenas
from generation.parent_watch import ParentWatch

FAILED, REFUSED, INTERRUPTED = 1, 2, 130
_TURN_S = 0.0005
"""How long the event loop may go on while the model's thread waits for the interpreter between two steps."""


def main(arguments: Sequence[str]) -> int:
    """The exit code."""
    parent = ParentWatch()
    try:
        flags = parse_flags(arguments)
        if flags.exit_with_parent:
            parent.arm()
        quiet_libraries()
        _share_cores()
        sys.setswitchinterval(_TURN_S)
        keep_few_arenas()
        # After the flags: a wrong one is told before the web server's second of imports.
        from generation.engine_process import serve
        from generation.load_display import shown_progress

        with shown_progress() as progress:
            asyncio.run(serve(flags, parent if flags.exit_with_parent else None, progress))
    except InvalidSettings as error:
        complain(error.sentence)
        return REFUSED
    except InklingError as error:
        complain(error.sentence)
        return FAILED
    except BrokenPipeError:
        # Whoever started this is gone, and with it the reason to run.
        return 0
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        structlog.get_logger(__name__).error("engine_process_failed", exc_info=error)
        complain(f"The engine failed ({type(error).__name__}); the lines above say where.")
        return FAILED
    return 0


def quiet_libraries() -> None:
    """Their bars would mix with ours. Our log goes to stderr, as free of prompts as the bot's, which repeats it."""
    from config.log import configure_logging
    from config.settings import LogSettings

    os.environ["TQDM_DISABLE"] = "1"
    configure_logging(LogSettings(level="warning", json_lines=False), sys.stderr)


def _share_cores() -> None:
    """Let a thread that waits for the others sleep soon: spinning, as by default, makes a busy machine 30 times slower.

    Read by GNU OpenMP when torch loads it. Figures: docs/decisions/threads-on-a-busy-machine.md.
    """
    os.environ["GOMP_SPINCOUNT"] = "1000"


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stderr.flush()
    # A loading thread may sit in native code, and would crash while the interpreter is taken down around it.
    os._exit(code)
