"""`inkling run`: every front, for servers."""

from __future__ import annotations


def run() -> int:
    """Run every front that the settings configure, for servers.

    That is the page always, and Discord when discord.token is set. It logs to standard error, as JSON lines when that
    is no terminal, and ends in peace at SIGTERM.
    """
    import asyncio

    from bots.cli.selection import select
    from bots.cli.service import UnattendedService
    from config.settings import load_settings

    return asyncio.run(UnattendedService(select(load_settings(), None, None)).run())
