"""Buttons, and what their ids carry: action, request, sample. They work on any old message, whoever sent it when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import discord

from bots.actions import ACTIONS
from bots.views import Action

_PREFIX = "inkling"
_PRIVATE = "private"


@dataclass(frozen=True, slots=True)
class Control:
    """One button or form on one sample of a result."""

    action: Action
    request_id: str
    sample: int = 0
    private: bool = False
    """The result is for one person to see, and what comes of it too."""

    @property
    def custom_id(self) -> str:
        parts = [_PREFIX, self.action, self.request_id, str(self.sample), *([_PRIVATE] if self.private else [])]
        return ":".join(parts)


def read_control(custom_id: str) -> Control | None:
    """None for what isn't ours, or of a version that knew other actions."""
    parts = custom_id.split(":")
    if len(parts) not in (4, 5) or parts[0] != _PREFIX or not parts[3].isdecimal():
        return None
    action = next((each for each in get_args(Action) if each == parts[1]), None)
    return None if action is None else Control(action, parts[2], int(parts[3]), parts[4:] == [_PRIVATE])


def is_ours(custom_id: str) -> bool:
    """Whether some version of this bot has made it."""
    return custom_id.startswith(f"{_PREFIX}:")


def button_row(controls: Sequence[Control]) -> discord.ui.View | None:
    """As discord.py sends it. It is stopped at once: clicks are found by their ids, not by views kept in memory."""
    if not controls:
        return None
    view = discord.ui.View(timeout=None)
    for control in controls:
        view.add_item(_button(control))
    view.stop()
    return view


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
