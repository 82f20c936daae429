"""`inkling discord`: what one needs once, to connect a bot to Discord."""

from __future__ import annotations

import typer

from bots.cli.help_texts import examples


def make_discord_app() -> typer.Typer:
    app = typer.Typer(
        help="Connect to Discord.",
        no_args_is_help=False,
        invoke_without_command=True,
        rich_markup_mode="rich",
        epilog=examples("inkling discord invite"),
    )
    app.callback()(_start)
    app.command(epilog=examples("inkling discord invite", 'xdg-open "$(inkling discord invite)"'))(invite)
    return app


def _start(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def invite() -> None:
    """Print the link that adds the bot to a server, with the permissions it needs and no others."""
    import asyncio

    from bots.cli.completion_run import quiet_logging
    from bots.discord_bot.invite import invite_link
    from config.settings import load_settings

    settings = load_settings()
    quiet_logging(settings.log)
    typer.echo(asyncio.run(invite_link(settings.discord)))
