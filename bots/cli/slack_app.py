"""`inkling slack`: what one needs once, to connect a bot to Slack."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from bots.cli.help_texts import examples


class Mode(StrEnum):
    SOCKET = "socket"
    HTTP = "http"


def make_slack_app() -> typer.Typer:
    app = typer.Typer(
        help="Connect to Slack.",
        no_args_is_help=False,
        invoke_without_command=True,
        rich_markup_mode="rich",
        epilog=examples("inkling slack manifest"),
    )
    app.callback()(_start)
    app.command(
        epilog=examples("inkling slack manifest", "inkling slack manifest --mode http --url https://bot.example.org")
    )(manifest)
    return app


def _start(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def manifest(
    mode: Annotated[
        Mode, typer.Option(help="How Slack reaches the bot: by a connection of the bot's, or by calls.")
    ] = (Mode.SOCKET),
    url: Annotated[
        str | None, typer.Option(help="Where Slack and browsers find this Inkling, as https://bot.example.org.")
    ] = None,
) -> None:
    """Print the manifest of the Slack app, as YAML to paste into Slack's page for new apps."""
    from bots.slack_bot.manifest import write_manifest
    from config.errors import InvalidOptions

    if mode is Mode.HTTP and url is None:
        raise InvalidOptions("--mode http needs --url, where Slack finds this Inkling.")
    if url is not None and not url.startswith("https://"):
        raise InvalidOptions("--url must begin with https://, as Slack calls nothing else.")
    typer.echo(write_manifest(url, socket=mode is Mode.SOCKET), nl=False)
