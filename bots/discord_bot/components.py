"""Buttons as Discord shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import discord

from bots.actions import ACTIONS
from bots.choosing import Choice
from bots.controls import Control


def button_row(controls: Sequence[Control]) -> discord.ui.View | None:
    """As discord.py sends it. It is stopped at once: clicks are found by their ids, not by views kept in memory."""
    if not controls:
        return None
    view = discord.ui.View(timeout=None)
    for control in controls:
        view.add_item(_button(control))
    view.stop()
    return view


def menu(control: Control, choices: Sequence[Choice]) -> discord.ui.View:
    """Stopped at once, as buttons are."""
    select: discord.ui.Select[discord.ui.View] = discord.ui.Select(
        custom_id=control.custom_id,
        placeholder=ACTIONS[control.action].label,
        options=[discord.SelectOption(label=each.label, value=each.value) for each in choices],
    )
    view = discord.ui.View(timeout=None)
    view.add_item(select)
    view.stop()
    return view


def chosen(interaction: discord.Interaction) -> str:
    data: Any = interaction.data or {}
    return str((data.get("values") or [""])[0])


def _button(control: Control) -> discord.ui.Button[discord.ui.View]:
    spec = ACTIONS[control.action]
    danger = control.action in ("stop", "delete")
    style = discord.ButtonStyle.danger if danger else discord.ButtonStyle.secondary
    if not _is_emoji(spec.emoji):
        return discord.ui.Button(style=style, label=f"{spec.emoji} {spec.label}", custom_id=control.custom_id)
    return discord.ui.Button(style=style, label=spec.label, emoji=spec.emoji, custom_id=control.custom_id)


def _is_emoji(sign: str) -> bool:
    """Discord refuses other signs (⋯) as a button's picture."""
    return ord(sign[0]) >= 0x23E9 or "\ufe0f" in sign
