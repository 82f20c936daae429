"""`inkling models`: which models there are, and which are here already."""

from __future__ import annotations

from typing import Annotated

import typer


def models(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for programs.")] = False,
) -> None:
    """List the models Inkling knows by name, and what the configured backends offer.

    Others work too: any hub id, a folder as transformers saves one, or a .gguf file.
    """
    import asyncio

    from bots.cli.completion_run import quiet_logging
    from bots.cli.model_list import list_models
    from bots.cli.tables import print_table
    from config.settings import load_settings

    settings = load_settings()
    quiet_logging(settings.log)
    found = asyncio.run(list_models(settings))
    if as_json:
        typer.echo(found.model_dump_json(indent=2))
        return
    rows = [(each.name, "here" if each.on_disk else "to download", each.description) for each in found.models]
    offers = [(each.name, f"backend ({each.kind})", ", ".join(each.models) or each.trouble) for each in found.backends]
    print_table(("Name", "Where", "What"), [*rows, *offers])
