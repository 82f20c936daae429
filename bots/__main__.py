"""The `inkling` command."""

from __future__ import annotations

import sys

INTERRUPTED = 130


def main() -> None:
    """Imports what it runs itself, so that Ctrl-C while they load ends it as quietly as later."""
    try:
        from bots.cli.exits import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = INTERRUPTED
    sys.exit(code)


if __name__ == "__main__":
    main()
