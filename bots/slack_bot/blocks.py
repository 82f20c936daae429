"""Slack's building blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from bots.actions import ACTIONS
from bots.choosing import Choice
from bots.controls import Control
from bots.slack_bot.markup import Block

SECTION_LIMIT = 3000
_LABEL_LIMIT, _BUTTON_LIMIT = 150, 75


def plain_text(text: str, emoji: bool = False) -> Block:
    """Shown as it is; with `emoji`, signs such as 🔁 become pictures, and `:names:` too."""
    return {"type": "plain_text", "text": text, "emoji": emoji}


def rich_text(elements: Sequence[Block]) -> Block:
    return {"type": "rich_text", "elements": list(elements)}


def quotation(text: str) -> Block:
    return rich_text([{"type": "rich_text_quote", "elements": [{"type": "text", "text": text}]}])


def small_print(lines: Iterable[str]) -> Block:
    return {"type": "context", "elements": [plain_text(line) for line in lines]}


def section(text: str) -> Block:
    return {"type": "section", "text": plain_text(text)}


def sections(text: str) -> list[Block]:
    """Text of any length, as far as a message or a view takes so many."""
    return [section(piece) for piece in _pieces(text)]


def header(text: str) -> Block:
    return {"type": "header", "text": plain_text(text)}


def button_row(controls: Sequence[Control]) -> Block:
    return {"type": "actions", "elements": [_button(control) for control in controls]}


def menu(control: Control, choices: Sequence[Choice]) -> Block:
    options = [{"text": plain_text(each.label), "value": each.value} for each in choices]
    placeholder = plain_text(ACTIONS[control.action].label)
    select = {"type": "static_select", "action_id": control.custom_id, "placeholder": placeholder, "options": options}
    return {"type": "actions", "elements": [select]}


def _button(control: Control) -> Block:
    spec = ACTIONS[control.action]
    danger = {"style": "danger"} if control.action in ("stop", "delete") else {}
    label = plain_text(f"{spec.emoji} {spec.label}"[:_BUTTON_LIMIT], emoji=True)
    return {"type": "button", "text": label, "action_id": control.custom_id, **danger}


def field(name: str, label: str, element: Block, hint: str = "", optional: bool = True) -> Block:
    """A line of a form; its value is found by its name."""
    told: dict[str, Any] = {"hint": plain_text(hint)} if hint else {}
    return {
        "type": "input",
        "block_id": name,
        "label": plain_text(label[:_LABEL_LIMIT]),
        "element": {"action_id": name, **element},
        "optional": optional,
        **told,
    }


def text_input(value: str = "", most: int = 3000, multiline: bool = False) -> Block:
    first = {"initial_value": value} if value else {}
    return {"type": "plain_text_input", "multiline": multiline, "max_length": most, **first}


def modal(title: str, blocks: Sequence[Block], submit: str = "", **more: Any) -> Block:
    """Its title and buttons take 24 characters each."""
    sending = {"submit": plain_text(submit)} if submit else {}
    close = plain_text("Cancel" if submit else "Close")
    return {"type": "modal", "title": plain_text(title), "close": close, "blocks": list(blocks), **sending, **more}


def _pieces(text: str) -> Iterator[str]:
    """Whole lines as far as they fit into a section."""
    piece = ""
    for line in text.split("\n"):
        for start in range(0, len(line) or 1, SECTION_LIMIT):
            part = line[start : start + SECTION_LIMIT]
            if piece and len(piece) + len(part) + 1 > SECTION_LIMIT:
                yield piece
                piece = part
            else:
                piece = f"{piece}\n{part}" if piece else part
    yield piece or " "
