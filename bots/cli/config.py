"""`inkling config`: look at the settings, check them, and begin a file of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bots.cli.help_texts import examples


def make_config_app() -> typer.Typer:
    app = typer.Typer(
        help="Show, check and begin the settings.",
        no_args_is_help=False,
        invoke_without_command=True,
        rich_markup_mode="rich",
        epilog=examples("inkling config init", "inkling config check", "inkling config show"),
    )
    app.callback()(_start)
    app.command(epilog=examples("inkling config show", "inkling config show | grep -v 'built in'"))(show)
    app.command(epilog=examples('$EDITOR "$(inkling config path)"'))(path)
    app.command(epilog=examples("inkling config check && systemctl restart inkling"))(check)
    app.command(epilog=examples("inkling config init", "inkling config init ~/.config/inkling/inkling.toml"))(init)
    app.command(epilog=examples("inkling config options"))(options)
    return app


def _start(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def show() -> None:
    """Show every setting in force and where it comes from. Secrets stay hidden."""
    from bots.cli.setting_list import list_settings
    from bots.cli.tables import print_table
    from config.settings import read_sources, validate_settings

    sources = read_sources()
    rows = [(each.name, each.value, each.source) for each in list_settings(validate_settings(sources), sources)]
    print_table(("Setting", "Value", "From"), rows)


def path() -> int:
    """Print the path of the settings file in use; exits with 1 when there is none."""
    from bots.cli.terminal import Terminal
    from config.settings import find_settings_file

    found = find_settings_file()
    if found is None:
        Terminal.standard().say("There is no settings file; everything is as built in. inkling config init writes one.")
        return 1
    typer.echo(found.absolute())
    return 0


def check() -> None:
    """Check the settings; a mistake is told in one sentence that names the place, with exit code 2."""
    from bots.cli.selection import select
    from bots.discord_bot.endpoint import read_public_key
    from bots.web.access import check_binding
    from config.settings import read_sources, validate_settings

    sources = read_sources()
    settings = validate_settings(sources)
    for name in settings.backends:
        select(settings, name, None)
    check_binding(settings.web)
    if settings.discord.public_key is not None:
        read_public_key(settings.discord.public_key)
    where = sources.file.path if sources.file else "No settings file; the built-in settings"
    typer.echo(f"{where}: fine." if sources.file else f"{where} are fine.")


def init(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it.", show_default=True)] = Path(
        "inkling.toml"
    ),
) -> None:
    """Write a settings file with every setting, commented out at its default. Never overwrites one."""
    from bots.cli.settings_template import render_template
    from config.errors import InvalidSettings

    file = file.expanduser()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as new:
            new.write(render_template())
    except FileExistsError:
        raise InvalidSettings(f"{file} is there already; I don't overwrite it.") from None
    except OSError as error:
        raise InvalidSettings(f"I can't write {file} ({(error.strerror or 'not a path').lower()}).") from error
    typer.echo(f"Wrote {file}. Edit it, then try: inkling config check")


def options() -> None:
    """List the sampling options with their ranges and defaults."""
    from bots.cli.tables import print_table
    from config.sampling import OPTIONS

    rows = [
        (each.name, ", ".join(each.aliases), each.range, _default(each.name, each.default), each.help)
        for each in OPTIONS
    ]
    print_table(("Option", "Also", "Range", "Default", "Meaning"), rows)


def _default(name: str, value: object) -> str:
    if name == "seed":
        return "random"
    if value == ():
        return "none"
    return f"{value:g}" if isinstance(value, float) else str(value)
