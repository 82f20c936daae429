"""What can be pressed, chosen or typed into, inside blocks."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from tests.fakes.slack_world.rules.problems import Inspection
from tests.fakes.slack_world.rules.texts import optional_text, text_object

ACTION_ID, BUTTON_TEXT, BUTTON_VALUE, URL, PLACEHOLDER = 255, 75, 2000, 3000, 150
OPTIONS, FEW_OPTIONS, OVERFLOW = 100, 10, 5
OPTION_TEXT, OPTION_VALUE, ALT_TEXT, TYPED = 75, 150, 2000, 3000
CONFIRM = {"title": 100, "text": 300, "confirm": 30, "deny": 30}

MENUS = ("static_select", "external_select", "users_select", "conversations_select", "channels_select")
SELECTS = (*MENUS, *(f"multi_{each}" for each in MENUS))
PICKERS = ("datepicker", "timepicker", "datetimepicker")
CHOICES = ("checkboxes", "radio_buttons")
FIELDS = ("plain_text_input", "number_input", "email_text_input", "url_text_input", "rich_text_input", "file_input")
ACTIONS = ("button", "overflow", "workflow_button", *MENUS, *PICKERS, *CHOICES)
ACCESSORIES = ("button", "overflow", "workflow_button", "image", *SELECTS, *PICKERS, *CHOICES)
INPUTS = (*FIELDS, *SELECTS, *PICKERS, *CHOICES)

_MENU = ("placeholder", "confirm", "focus_on_load")
_SINGLE = (*_MENU, "response_url_enabled")
KEYS: dict[str, tuple[str, ...]] = {
    "button": ("text", "url", "value", "style", "confirm", "accessibility_label"),
    "overflow": ("options", "confirm"),
    "workflow_button": ("text", "workflow", "style", "accessibility_label"),
    "static_select": (*_MENU, "options", "option_groups", "initial_option"),
    "external_select": (*_MENU, "initial_option", "min_query_length"),
    "users_select": (*_MENU, "initial_user"),
    "channels_select": (*_SINGLE, "initial_channel"),
    "conversations_select": (*_SINGLE, "initial_conversation", "default_to_current_conversation", "filter"),
    "multi_static_select": (*_MENU, "options", "option_groups", "initial_options", "max_selected_items"),
    "multi_external_select": (*_MENU, "initial_options", "min_query_length", "max_selected_items"),
    "multi_users_select": (*_MENU, "initial_users", "max_selected_items"),
    "multi_channels_select": (*_MENU, "initial_channels", "max_selected_items"),
    "multi_conversations_select": (
        *_MENU,
        "initial_conversations",
        "default_to_current_conversation",
        "filter",
        "max_selected_items",
    ),
    "datepicker": (*_MENU, "initial_date"),
    "timepicker": (*_MENU, "initial_time", "timezone"),
    "datetimepicker": ("confirm", "focus_on_load", "initial_date_time"),
    "checkboxes": ("options", "initial_options", "confirm", "focus_on_load"),
    "radio_buttons": ("options", "initial_option", "confirm", "focus_on_load"),
    "plain_text_input": (
        "initial_value",
        "multiline",
        "min_length",
        "max_length",
        "dispatch_action_config",
        "focus_on_load",
        "placeholder",
    ),
    "number_input": (
        "is_decimal_allowed",
        "initial_value",
        "min_value",
        "max_value",
        "dispatch_action_config",
        "focus_on_load",
        "placeholder",
    ),
    "email_text_input": ("initial_value", "dispatch_action_config", "focus_on_load", "placeholder"),
    "url_text_input": ("initial_value", "dispatch_action_config", "focus_on_load", "placeholder"),
    "rich_text_input": ("initial_value", "dispatch_action_config", "focus_on_load", "placeholder"),
    "file_input": ("filetypes", "max_files"),
}


def check(inspection: Inspection, path: str, element: Any, allowed: Collection[str]) -> None:
    if not isinstance(element, dict):
        inspection.refuse(path, "missing required field: element")
        return
    kind = str(element.get("type"))
    if kind not in allowed:
        inspection.refuse(f"{path}/type", f"unsupported type here: {kind}")
        return
    if kind == "image":
        inspection.keys(path, element, ("type", "image_url", "slack_file", "alt_text"))
        image(inspection, path, element)
        return
    inspection.keys(path, element, ("type", "action_id", *KEYS[kind]))
    inspection.length(f"{path}/action_id", element.get("action_id"), ACTION_ID, 1)
    optional_text(inspection, f"{path}/placeholder", element.get("placeholder"), PLACEHOLDER)
    if element.get("confirm") is not None:
        _confirm(inspection, f"{path}/confirm", element["confirm"])
    if kind in RULES:
        RULES[kind](inspection, path, element)


def image(inspection: Inspection, path: str, part: dict[str, Any]) -> None:
    if ("image_url" in part) == ("slack_file" in part):
        inspection.refuse(path, "needs one of image_url and slack_file")
    inspection.length(f"{path}/image_url", part.get("image_url"), URL, 1)
    inspection.length(f"{path}/alt_text", part.get("alt_text"), ALT_TEXT)
    if part.get("alt_text") is None:
        inspection.refuse(path, "missing required field: alt_text")


def _confirm(inspection: Inspection, path: str, confirm: Any) -> None:
    if not inspection.keys(path, confirm, (*CONFIRM, "style"), tuple(CONFIRM)):
        return
    for name, most in CONFIRM.items():
        optional_text(inspection, f"{path}/{name}", confirm.get(name), most, plain_only=name != "text")


def _button(inspection: Inspection, path: str, button: dict[str, Any]) -> None:
    text_object(inspection, f"{path}/text", button.get("text"), BUTTON_TEXT, plain_only=True)
    inspection.length(f"{path}/value", button.get("value"), BUTTON_VALUE, 1)
    inspection.length(f"{path}/url", button.get("url"), URL)
    inspection.length(f"{path}/accessibility_label", button.get("accessibility_label"), BUTTON_TEXT)
    if button.get("style") not in (None, "primary", "danger"):
        inspection.refuse(f"{path}/style", "must be primary or danger")
    if "action_id" not in button and "url" not in button:
        inspection.frown(path, "a button without action_id cannot be told from others")


def _menu(inspection: Inspection, path: str, menu: dict[str, Any]) -> None:
    options, groups = menu.get("options"), menu.get("option_groups")
    if (options is None) == (groups is None):
        inspection.refuse(path, "needs one of options and option_groups")
    if options is not None:
        _options(inspection, f"{path}/options", options, OPTIONS)
    if groups is not None and inspection.count(f"{path}/option_groups", groups, OPTIONS, 1):
        for number, group in enumerate(groups):
            here = f"{path}/option_groups/{number}"
            if not inspection.keys(here, group, ("label", "options"), ("label", "options")):
                return
            optional_text(inspection, f"{here}/label", group.get("label"), OPTION_TEXT)
            _options(inspection, f"{here}/options", group.get("options"), OPTIONS)
    _initial(inspection, path, menu)


def _choices(inspection: Inspection, path: str, part: dict[str, Any]) -> None:
    _options(inspection, f"{path}/options", part.get("options"), FEW_OPTIONS, plain_only=False)
    _initial(inspection, path, part)


def _overflow(inspection: Inspection, path: str, part: dict[str, Any]) -> None:
    _options(inspection, f"{path}/options", part.get("options"), OVERFLOW)


def check_offered(inspection: Inspection, options: Any) -> None:
    """What is offered in a menu that asks the bot; nothing may be found."""
    if options != []:
        _options(inspection, "/options", options, OPTIONS)


def _options(inspection: Inspection, path: str, options: Any, most: int, *, plain_only: bool = True) -> None:
    if not inspection.count(path, options, most, 1):
        return
    for number, option in enumerate(options):
        here = f"{path}/{number}"
        if not inspection.keys(here, option, ("text", "value", "description", "url"), ("text", "value")):
            return
        optional_text(inspection, f"{here}/text", option.get("text"), OPTION_TEXT, plain_only=plain_only)
        inspection.length(f"{here}/value", option.get("value"), OPTION_VALUE, 1)
        optional_text(inspection, f"{here}/description", option.get("description"), OPTION_TEXT, plain_only=plain_only)
    values = [str(option.get("value")) for option in options]
    if len(set(values)) < len(values):
        inspection.frown(path, "two options have the same value")


def _initial(inspection: Inspection, path: str, part: dict[str, Any]) -> None:
    """Slack wants it to be one of the options to the letter."""
    held = [part, *_listed(part.get("option_groups"))]
    known = [option for each in held if isinstance(each, dict) for option in _listed(each.get("options"))]
    chosen = [part["initial_option"]] if part.get("initial_option") else []
    if "initial_options" in part and inspection.count(f"{path}/initial_options", part["initial_options"], OPTIONS, 1):
        chosen = part["initial_options"]
    for each in chosen:
        if each not in known:
            inspection.refuse(f"{path}/initial_option", "is not one of the options")


def _listed(things: Any) -> list[Any]:
    """Whatever is no list was refused before."""
    return things if isinstance(things, list) else []


def _typed(inspection: Inspection, path: str, field: dict[str, Any]) -> None:
    most = field.get("max_length")
    inspection.length(f"{path}/initial_value", field.get("initial_value"), most if isinstance(most, int) else TYPED)
    for name, least in (("min_length", 0), ("max_length", 1)):
        value = field.get(name)
        if value is not None and not (isinstance(value, int) and least <= value <= TYPED):
            inspection.refuse(f"{path}/{name}", f"must be between {least} and {TYPED}")


def _number(inspection: Inspection, path: str, field: dict[str, Any]) -> None:
    if not isinstance(field.get("is_decimal_allowed"), bool):
        inspection.refuse(path, "missing required field: is_decimal_allowed")
    for name in ("initial_value", "min_value", "max_value"):
        inspection.length(f"{path}/{name}", field.get(name), 100, 1)


RULES: dict[str, Callable[[Inspection, str, dict[str, Any]], None]] = {
    "button": _button,
    "overflow": _overflow,
    "static_select": _menu,
    "multi_static_select": _menu,
    "checkboxes": _choices,
    "radio_buttons": _choices,
    "plain_text_input": _typed,
    "number_input": _number,
}
