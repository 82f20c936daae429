"""The buttons under a result: what they are called, and in which order a message carries them.

A front with few places for buttons shows `message_actions` and, behind "More", `more_actions`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bots.views import Action, ResultView


@dataclass(frozen=True, slots=True)
class ActionSpec:
    name: Action
    emoji: str
    label: str


ACTIONS: Mapping[Action, ActionSpec] = {
    spec.name: spec
    for spec in (
        ActionSpec("stop", "⏹️", "Stop"),
        ActionSpec("again", "🔁", "Again"),
        ActionSpec("continue", "▶️", "Continue"),
        ActionSpec("pick", "▶️", "Pick this"),
        ActionSpec("vary", "🎛️", "Vary"),
        ActionSpec("why", "📊", "Why"),
        ActionSpec("place", "🔀", "In place of …"),
        ActionSpec("token", "🔀", "Go on with …"),
        ActionSpec("more", "⋯", "More"),
        ActionSpec("same_seed", "🌱", "Same seed"),
        ActionSpec("edit", "✏️", "Edit prompt"),
        ActionSpec("vote", "👍", "Vote"),
        ActionSpec("story", "📖", "Story"),
        ActionSpec("file", "📄", "As file"),
        ActionSpec("undo", "↩️", "Undo"),
        ActionSpec("delete", "🗑️", "Delete"),
    )
}
REACTIONS: Mapping[str, Action] = {"▶": "continue", "⏹": "stop", "🗑": "delete"}
"""Beside the server's own emoji for "again"; as platforms vary, without the sign that asks for a picture."""
_UNDER_A_MESSAGE: tuple[Action, ...] = ("again", "pick", "continue", "vary", "why")
_BEHIND_MORE: tuple[Action, ...] = ("same_seed", "edit", "story", "file", "undo", "delete")


def message_actions(view: ResultView) -> tuple[Action, ...]:
    """At most five. Where a sample can be picked, that is how one continues from it."""
    if "stop" in view.actions:
        return ("stop",)
    shown = [action for action in _UNDER_A_MESSAGE if action in view.actions]
    if "pick" in shown and "continue" in shown:
        shown.remove("continue")
    return (*shown, "more") if more_actions(view) else tuple(shown)


def more_actions(view: ResultView) -> tuple[Action, ...]:
    """At most ten, which are two rows."""
    return tuple(action for action in _BEHIND_MORE if action in view.actions)


def action_of_emoji(emoji: str, again: str) -> Action | None:
    """What a reaction asks for; `again` is the server's own emoji, custom ones as the platform names them."""
    plain = emoji.replace("\ufe0f", "")
    return "again" if plain == again.replace("\ufe0f", "") else REACTIONS.get(plain)
