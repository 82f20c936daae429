"""Forms as Discord shows them, and what comes back. A submitted form is found by its id, like a button."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import discord

from bots.controls import Control
from bots.discord_bot.markup import MARKUP
from bots.forms import vary_form
from config.errors import InvalidOptions
from config.sampling import SamplingOptions

INPUT_LIMIT = 4000
LABEL_LIMIT = 45
OPEN_FOR_S = 900.0
"""discord.py keeps an opened form in memory for so long; as long as the interaction lives."""


def vary_modal(control: Control, options: SamplingOptions) -> discord.ui.Modal:
    modal = _modal("Vary: change what you like", control)
    for field in vary_form(options):
        value: discord.ui.TextInput[Any] = discord.ui.TextInput(
            custom_id=field.name,
            default=field.value[:INPUT_LIMIT] or None,
            placeholder=field.hint or None,
            required=False,
            max_length=INPUT_LIMIT,
        )
        modal.add_item(discord.ui.Label(text=field.label[:LABEL_LIMIT], component=value))
    return modal


def edit_modal(control: Control, prompt: str) -> discord.ui.Modal:
    """Raises InvalidOptions when the prompt doesn't fit into a form."""
    if MARKUP.length(prompt) > INPUT_LIMIT:
        raise InvalidOptions(
            f"That prompt is {MARKUP.length(prompt):,} characters; a form takes {INPUT_LIMIT:,}. "
            "Change it in a .txt file and use /complete file."
        )
    modal = _modal("Edit the prompt", control)
    value: discord.ui.TextInput[Any] = discord.ui.TextInput(
        custom_id="prompt", style=discord.TextStyle.paragraph, default=prompt, max_length=INPUT_LIMIT
    )
    modal.add_item(discord.ui.Label(text="Prompt", component=value))
    return modal


def _modal(title: str, control: Control) -> discord.ui.Modal:
    return discord.ui.Modal(title=title, custom_id=control.custom_id, timeout=OPEN_FOR_S)


def read_modal(interaction: discord.Interaction) -> dict[str, str]:
    """What was typed, by field."""
    data: Mapping[str, Any] = interaction.data or {}
    return {each["custom_id"]: each["value"] for each in _inputs(data.get("components", [])) if "value" in each}


def _inputs(components: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Text inputs stand in rows or labels."""
    for each in components:
        if "custom_id" in each:
            yield each
        yield from _inputs([each["component"]] if "component" in each else each.get("components", []))
