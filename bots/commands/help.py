"""/help, and the list of commands every front offers."""

from __future__ import annotations

from dataclasses import dataclass

from config.sampling import OPTIONS
from config.settings import LimitSettings
from config.workspace import Ceilings, most_of


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """One command as menus and help texts show it."""

    name: str
    summary: str
    usage: str = ""
    admin: bool = False


COMMANDS: tuple[CommandSpec, ...] = (
    CommandSpec("complete", "Finish a text.", "temperature=0.7 samples=2 Once upon a time"),
    CommandSpec("explain", "Show what the model could have written, and how likely what it wrote is.", "Once upon a"),
    CommandSpec(
        "compare", "Finish a text twice, with other options or models.", "temperature=0.3 vs temperature=1.3 The sea"
    ),
    CommandSpec("story", "Tell, export or draw the story so far.", "picture"),
    CommandSpec("status", "Say what answers here and how busy it is."),
    CommandSpec("presets", "List, save or delete named option sets.", "save poem temperature=1.2 top_k=0"),
    CommandSpec("forget-me", "Show or erase everything kept about you here.", "erase"),
    CommandSpec("help", "Explain commands and options."),
    CommandSpec("config", "Show or change the rules here.", "set max_length 200", admin=True),
)


def help_lines(ceilings: Ceilings, limits: LimitSettings) -> tuple[str, ...]:
    """Commands, then options with the bounds that hold here, one line each."""
    commands = (f"/{each.name}{' ' if each.usage else ''}{each.usage}: {each.summary}" for each in COMMANDS)
    ranges = {each.name: each.range_up_to(most_of(each, ceilings, limits)) for each in OPTIONS}
    options = (f"{each.name} ({ranges[each.name]}): {each.help}" for each in OPTIONS)
    return (
        *commands,
        "",
        *options,
        "",
        "🔁 on a result tries again; its buttons continue, vary, explain, edit and undo it.",
    )
