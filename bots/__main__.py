"""The `inkling` command."""

from __future__ import annotations

import sys

from bots.cli.exits import run


def main() -> None:
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
