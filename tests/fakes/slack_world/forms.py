"""Filling in what a message or a modal asks for, held to what Slack's client lets one enter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.fakes.slack_world import asking
from tests.fakes.slack_world.messages import Message, elements
from tests.fakes.slack_world.views import View

if TYPE_CHECKING:
    from tests.fakes.slack_world.people import User
    from tests.fakes.slack_world.workspaces import Workspace

PICKED = {
    "users_select": ("selected_user", "initial_user"),
    "channels_select": ("selected_channel", "initial_channel"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "multi_users_select": ("selected_users", "initial_users"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
}
ONE_OPTION = ("static_select", "external_select", "radio_buttons", "overflow")
SOME_OPTIONS = ("checkboxes", "multi_static_select", "multi_external_select")
TYPED = ("plain_text_input", "number_input", "email_text_input", "url_text_input")


def element(where: Message | View, wanted: str, user: User, types: tuple[str, ...] | None = None) -> dict[str, Any]:
    if isinstance(where, Message) and (where.deleted or where.ephemeral_to not in (None, user)):
        raise asking.NotPossible(f"{user.name} does not see this message")
    if isinstance(where, View) and (where.user is not user or not where.open):
        raise asking.NotPossible(f"{user.name} does not see this view")
    there = [each for each in elements(where.blocks) if types is None or each["type"] in types]
    for each in there:
        if wanted in names(each):
            if "url" in each and each["type"] == "button" and "action_id" not in each:
                raise asking.NotPossible(f"“{wanted}” is a link")
            return each
    known = ", ".join(repr(_text(each) or each["action_id"]) for each in there) or "nothing"
    raise asking.NotPossible(f"there is no “{wanted}”; there is {known}")


def names(part: dict[str, Any]) -> set[Any]:
    label = (part.get("label") or {}).get("text")
    placeholder = (part.get("placeholder") or {}).get("text")
    return {part.get("action_id"), part.get("value"), part.get("block_id"), _text(part), label, placeholder} - {None}


def _text(part: dict[str, Any]) -> str | None:
    return (part.get("text") or {}).get("text")


def pressed(button: dict[str, Any]) -> dict[str, Any]:
    return {key: button[key] for key in ("type", "text", "value", "style", "url") if key in button}


def value(workspace: Workspace, part: dict[str, Any], chosen: Any) -> dict[str, Any]:
    """As in view.state and in actions."""
    kind = part["type"]
    if kind in TYPED:
        return {"type": kind, "value": _typed(part, chosen)}
    if kind in SOME_OPTIONS:
        wanted = chosen if isinstance(chosen, list | tuple | set) else [chosen]
        return {"type": kind, "selected_options": [_option(part, each) for each in wanted]}
    single = chosen[0] if isinstance(chosen, list | tuple) and chosen and not kind.startswith("multi_") else chosen
    if kind in ONE_OPTION:
        return {"type": kind, "selected_option": _option(part, single) if single not in (None, [], ()) else None}
    if kind in PICKED:
        return {"type": kind, PICKED[kind][0]: _picked(single)}
    raise asking.NotPossible(f"nothing can be entered in a {kind}")


def _picked(chosen: Any) -> Any:
    if isinstance(chosen, list | tuple):
        return [_picked(each) for each in chosen]
    return getattr(chosen, "id", chosen)


def _option(part: dict[str, Any], wanted: Any) -> dict[str, Any]:
    if part["type"].endswith("external_select") and isinstance(wanted, dict):
        return wanted  # One that the bot has offered: see Actor.look_up.
    groups = part.get("option_groups") or []
    options = [*(part.get("options") or []), *(each for group in groups for each in group["options"])]
    for each in options:
        if wanted in (each.get("value"), each["text"]["text"]):
            return {key: each[key] for key in ("text", "value", "description") if key in each}
    known = ", ".join(each["text"]["text"] for each in options)
    raise asking.NotPossible(f"“{wanted}” is not among: {known}")


def _typed(part: dict[str, Any], entered: Any) -> str | None:
    text = None if entered in (None, "") else str(entered)
    if text is None:
        return None
    if part["type"] == "number_input":
        _check_number(part, text)
    most, least = part.get("max_length"), part.get("min_length")
    if most is not None and len(text) > most:
        raise asking.NotPossible(f"the field takes no more than {most} characters")
    if least is not None and len(text) < least:
        raise asking.NotPossible(f"the field wants at least {least} characters")
    if part["type"] == "plain_text_input" and not part.get("multiline") and "\n" in text:
        raise asking.NotPossible("the field has one line")
    return text


def _check_number(part: dict[str, Any], text: str) -> None:
    try:
        number = float(text)
    except ValueError:
        raise asking.NotPossible(f"“{text}” is no number") from None
    if not part["is_decimal_allowed"] and not number.is_integer():
        raise asking.NotPossible(f"“{text}” is not a whole number")
    low, high = part.get("min_value"), part.get("max_value")
    if (low is not None and number < float(low)) or (high is not None and number > float(high)):
        raise asking.NotPossible(f"“{text}” is not within {low} and {high}")


def fill(view: View, values: Mapping[str, Any]) -> None:
    """Every field of the modal gets a state, as Slack sends it; what must be filled in is."""
    left = dict(values)
    for block in view.inputs:
        part = block["element"] | {"block_id": block["block_id"], "label": block["label"]}
        named = next((name for name in names(part) if name in left), None)
        state = view.state.setdefault(part["block_id"], {})
        if named is not None:
            state[part["action_id"]] = value(view.user.workspace, part, left.pop(named))
        elif part["action_id"] not in state:
            state[part["action_id"]] = initial(part)
        if not block.get("optional") and _empty(state[part["action_id"]]):
            raise asking.NotPossible(f"“{block['label']['text']}” must be filled in")
    for part in elements(view.blocks):
        if named := next((name for name in names(part) if name in left), None):
            view.state.setdefault(part["block_id"], {})[part["action_id"]] = value(
                view.user.workspace, part, left.pop(named)
            )
    if left:
        raise asking.NotPossible(f"the view has no field {', '.join(map(repr, left))}")


def initial(part: dict[str, Any]) -> dict[str, Any]:
    kind = part["type"]
    if kind in TYPED:
        return {"type": kind, "value": part.get("initial_value")}
    if kind in SOME_OPTIONS:
        return {"type": kind, "selected_options": part.get("initial_options", [])}
    if kind in ONE_OPTION:
        return {"type": kind, "selected_option": part.get("initial_option")}
    if kind in PICKED:
        held, first = PICKED[kind]
        return {"type": kind, held: part.get(first, [] if kind.startswith("multi_") else None)}
    return {"type": kind}


def _empty(state: dict[str, Any]) -> bool:
    return all(held in (None, "", []) for key, held in state.items() if key != "type")
