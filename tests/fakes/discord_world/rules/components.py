"""Buttons, menus and the layout of a message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tests.fakes.discord_world.messages import walk
from tests.fakes.discord_world.rules.problems import Problems

ROW, BUTTON, STRING_SELECT, TEXT_DISPLAY, CONTAINER = 1, 2, 3, 10, 17
SELECTS = (3, 5, 6, 7, 8)
LINK, PREMIUM = 5, 6
MOST_ROWS, MOST_BUTTONS, MOST_PARTS, MOST_OPTIONS = 5, 5, 40, 25
LABEL, CUSTOM_ID, URL, PLACEHOLDER, OPTION_TEXT, DISPLAYED = 80, 100, 512, 150, 100, 4000
_SELECT = ("custom_id", "placeholder", "min_values", "max_values", "required", "disabled")
KEYS: dict[int, tuple[str, ...]] = {
    1: ("components",),
    2: ("style", "label", "emoji", "custom_id", "sku_id", "url", "disabled"),
    3: (*_SELECT, "options"),
    4: ("custom_id", "style", "label", "min_length", "max_length", "required", "value", "placeholder"),
    5: (*_SELECT, "default_values"),
    6: (*_SELECT, "default_values"),
    7: (*_SELECT, "default_values"),
    8: (*_SELECT, "default_values", "channel_types"),
    9: ("components", "accessory"),
    10: ("content",),
    11: ("media", "description", "spoiler"),
    12: ("items",),
    13: ("file", "spoiler"),
    14: ("divider", "spacing"),
    17: ("components", "accent_color", "spoiler"),
    18: ("label", "description", "component"),
    19: ("custom_id", "min_values", "max_values", "required"),
    21: ("custom_id", "options", "required"),
    22: ("custom_id", "options", "min_values", "max_values", "required"),
    23: ("custom_id", "default"),
}
V2_TOP = (1, 9, 10, 12, 13, 14, 17)


def check(components: Sequence[Mapping[str, Any]], laid_out: bool, problems: Problems) -> None:
    """`laid_out` is Components V2: any layout, but limits over the whole."""
    if laid_out:
        _check_layout(components, problems)
    else:
        problems.count("components", components, MOST_ROWS)
    for index, part in enumerate(components):
        here = f"components.{index}"
        if problems.one_of(f"{here}.type", part.get("type"), V2_TOP if laid_out else (ROW,)):
            check_part(here, part, problems)
    check_ids(components, problems)


def _check_layout(components: Sequence[Mapping[str, Any]], problems: Problems) -> None:
    parts = list(walk([dict(each) for each in components]))
    problems.count("components", parts, MOST_PARTS, 1)
    displayed = sum(len(part.get("content") or "") for part in parts if part.get("type") == TEXT_DISPLAY)
    if displayed > DISPLAYED:
        problems.refuse("components", "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", f"More than {DISPLAYED} characters")


def check_ids(components: Sequence[Mapping[str, Any]], problems: Problems) -> None:
    ids = Counter(part["custom_id"] for part in walk([dict(each) for each in components]) if part.get("custom_id"))
    for custom_id, times in ids.items():
        if times > 1:
            sentence = f"Component custom id cannot be duplicated: {custom_id}"
            problems.refuse("components", "COMPONENT_CUSTOM_ID_DUPLICATED", sentence)


def check_part(path: str, part: Mapping[str, Any], problems: Problems) -> None:
    kind = part.get("type")
    if kind not in KEYS:
        problems.refuse(f"{path}.type", "BASE_TYPE_CHOICES", f"Unknown component type {kind}")
        return
    problems.keys(path, part, ("type", "id", *KEYS[kind]))
    if kind == ROW:
        _check_row(path, part, problems)
    elif kind == BUTTON:
        _check_button(path, part, problems)
    elif kind in SELECTS:
        check_select(path, part, problems)
    elif kind == TEXT_DISPLAY and problems.needed(f"{path}.content", part.get("content")):
        problems.length(f"{path}.content", part["content"], DISPLAYED)
    else:
        _check_inner(path, part, problems)


def _check_inner(path: str, part: Mapping[str, Any], problems: Problems) -> None:
    for index, each in enumerate(part.get("components") or []):
        check_part(f"{path}.components.{index}", each, problems)
    if part.get("accessory"):
        check_part(f"{path}.accessory", part["accessory"], problems)


def _check_row(path: str, row: Mapping[str, Any], problems: Problems) -> None:
    parts = row.get("components") or []
    menus = [part for part in parts if part.get("type") in SELECTS]
    problems.count(f"{path}.components", parts, 1 if menus else MOST_BUTTONS, 1)
    for index, part in enumerate(parts):
        here = f"{path}.components.{index}"
        if problems.one_of(f"{here}.type", part.get("type"), (BUTTON, *SELECTS)):
            check_part(here, part, problems)


def _check_button(path: str, button: Mapping[str, Any], problems: Problems) -> None:
    style = button.get("style")
    problems.one_of(f"{path}.style", style, range(1, 7))
    problems.length(f"{path}.label", button.get("label"), LABEL)
    if style not in (LINK, PREMIUM):
        check_custom_id(path, button, problems)
    elif button.get("custom_id"):
        problems.refuse(f"{path}.custom_id", "BUTTON_COMPONENT_INVALID", "A link button cannot have a custom id")
    if style == LINK and problems.needed(f"{path}.url", button.get("url")):
        problems.length(f"{path}.url", button["url"], URL)
    if not button.get("label") and not button.get("emoji") and style != PREMIUM:
        problems.refuse(path, "BUTTON_COMPONENT_INVALID", "A button needs a label or an emoji")


def check_custom_id(path: str, part: Mapping[str, Any], problems: Problems) -> None:
    if problems.needed(f"{path}.custom_id", part.get("custom_id")):
        problems.length(f"{path}.custom_id", part["custom_id"], CUSTOM_ID, 1)


def check_select(path: str, menu: Mapping[str, Any], problems: Problems) -> None:
    check_custom_id(path, menu, problems)
    problems.length(f"{path}.placeholder", menu.get("placeholder"), PLACEHOLDER)
    problems.within(f"{path}.min_values", menu.get("min_values"), 0, MOST_OPTIONS)
    problems.within(f"{path}.max_values", menu.get("max_values"), 1, MOST_OPTIONS)
    if menu["type"] == STRING_SELECT:
        check_options(path, menu, problems)


def check_options(path: str, menu: Mapping[str, Any], problems: Problems) -> None:
    options = menu.get("options") or []
    problems.count(f"{path}.options", options, MOST_OPTIONS, 1)
    for index, option in enumerate(options):
        here = f"{path}.options.{index}"
        problems.keys(here, option, ("label", "value", "description", "emoji", "default"))
        for key in ("label", "value"):
            if problems.needed(f"{here}.{key}", option.get(key)):
                problems.length(f"{here}.{key}", option[key], OPTION_TEXT)
        problems.length(f"{here}.description", option.get("description"), OPTION_TEXT)
    values = [option.get("value") for option in options]
    if len(set(values)) < len(values):
        problems.refuse(f"{path}.options", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", "Option values must be unique")
    if sum(bool(option.get("default")) for option in options) > menu.get("max_values", 1):
        problems.refuse(f"{path}.options", "SELECT_COMPONENT_TOO_MANY_DEFAULT_VALUES", "Too many options preselected")
