"""`inkling chat`: the chat page on this machine."""

from __future__ import annotations

from typing import Annotated

import typer


def chat(
    port: Annotated[
        str | None, typer.Option(metavar="N", help="Port to listen on; 0 picks a free one.", show_default=False)
    ] = None,
    host: Annotated[
        str | None,
        typer.Option(help="Address to listen on; any but loopback needs web.token.", show_default=False),
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="Use this model; `inkling models` lists some.")
    ] = None,
    backend: Annotated[str | None, typer.Option(help="Use this backend of the settings.")] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Don't open the page in a browser.")] = False,
) -> int:
    """Open the chat page on this machine.

    The model wakes in the background, and may be downloaded the first time. Ctrl-C stops it; what was asked meanwhile
    is kept and goes on at the next start.
    """
    import asyncio

    from bots.cli.selection import place_page, select
    from bots.cli.service import ChatService
    from config.settings import load_settings

    settings = place_page(select(load_settings(), backend, model), host, port)
    return asyncio.run(ChatService(settings, browser=not no_browser).run())
