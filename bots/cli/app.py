"""The command tree. Commands import what they need when they run, so that `--help` answers at once."""

from __future__ import annotations

from importlib import metadata
from typing import Annotated

import typer

from bots.cli.aws import make_aws_app
from bots.cli.chat import chat
from bots.cli.compare import compare
from bots.cli.complete import complete
from bots.cli.config import make_config_app
from bots.cli.discord_app import make_discord_app
from bots.cli.explain import explain
from bots.cli.help_texts import examples, help_of
from bots.cli.models import models
from bots.cli.run import run
from bots.cli.serve import serve
from bots.cli.slack_app import make_slack_app
from bots.cli.story import story


def make_app() -> typer.Typer:
    app = typer.Typer(
        name="inkling",
        help="Inkling finishes people's text with a language model on your own machine.",
        epilog=examples(
            'inkling complete "Once upon a time"',
            "inkling chat",
            "inkling config init",
        ),
        no_args_is_help=False,
        invoke_without_command=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_start)
    app.command(
        help=help_of(complete),
        epilog=examples(
            'inkling complete "Once upon a time" --samples 3 --seed 7',
            "inkling complete --file story.txt --temperature 0.5 >> story.txt",
            "echo 'Dear diary,' | inkling complete - --stop '\\n'",
            "inkling complete --json 'The sea' | jq -r '.samples[].text'",
            "inkling complete -- '--dashes may begin it'",
        ),
    )(complete)
    app.command(
        help=help_of(explain),
        epilog=examples(
            'inkling explain "Once upon a time" --temperature 0.7 --length 20',
            'inkling explain "The sea was" --picture why.png',
            'inkling explain "The sea was" --seed 7 --choose 3:2',
            "inkling explain --json 'The sea' | jq '.candidates[0]'",
        ),
    )(explain)
    app.command(
        help=help_of(compare),
        epilog=examples("inkling compare temperature=0.3 vs temperature=1.3 Once upon a time"),
    )(compare)
    app.command(
        help=help_of(story),
        epilog=examples("inkling story", "inkling story tree", "inkling story markdown -n 4 -o story.md"),
    )(story)
    app.command(help=help_of(chat), epilog=examples("inkling chat", "inkling chat --model gpt2 --port 9000"))(chat)
    app.command(help=help_of(run), epilog=examples("inkling run", "INKLING_LOG__JSON_LINES=true inkling run"))(run)
    app.command(
        add_help_option=False,
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
        epilog=examples("inkling serve --model gpt2 --port 8000", "inkling serve --help"),
    )(serve)
    app.command(help=help_of(models), epilog=examples("inkling models", "inkling models --json"))(models)
    app.add_typer(make_config_app(), name="config")
    app.add_typer(make_aws_app(), name="aws")
    app.add_typer(make_discord_app(), name="discord")
    app.add_typer(make_slack_app(), name="slack")
    return app


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"inkling {_version()}")
        raise typer.Exit


def _version() -> str:
    try:
        return metadata.version("inkling")
    except metadata.PackageNotFoundError:
        return "from its source folder, not installed"


def _start(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", "-V", help="Show the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
