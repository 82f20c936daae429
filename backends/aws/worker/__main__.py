"""`python -m backends.aws.worker`: what systemd starts on a machine."""

from __future__ import annotations

import asyncio
import sys

from backends.aws.worker.service import serve, watch_of
from config.errors import InklingError, InvalidSettings
from config.log import configure_logging
from config.settings import load_deployment, load_notify_socket, load_settings


def main() -> int:
    """0 means: switch the machine off. 2: the settings are wrong; 1: it failed otherwise, and is started again."""
    try:
        settings, deployment = load_settings(), load_deployment()
        configure_logging(settings.log)
        asyncio.run(serve(settings, deployment, watch_of(deployment, load_notify_socket())))
    except InklingError as error:
        print(error.sentence, file=sys.stderr)  # noqa: T201 (the log may not be set up)
        return 2 if isinstance(error, InvalidSettings) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
