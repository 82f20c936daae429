"""Forms as Slack shows them, and what comes back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bots.commands.setting_names import SettingValue
from bots.commands.settings import SettingRow
from bots.commands.story import Completion
from bots.commands.text_escapes import read_escapes
from bots.controls import Control
from bots.forms import vary_form
from bots.slack_bot.blocks import field, modal, plain_text, section, text_input
from bots.slack_bot.deeds import Deed
from bots.slack_bot.markup import Block
from config.errors import InvalidOptions
from config.sampling import OPTIONS, OptionSpec, SamplingOptions, parse_overrides

INPUT_LIMIT = 3000
COMPLETE, CONFIG = "inkling-complete", "inkling-config"
STOPS_ARE_SPLIT_AT = "|"
_SWITCHES = "switches"
_PRIVATE, _REFUSE = "private", "refuse"


def complete_form(deed: Deed) -> Block:
    """/complete with every option, made from the one description of them."""
    blocks = [
        field("prompt", "Prompt", text_input(most=INPUT_LIMIT, multiline=True), "The text to finish.", optional=False),
        *(_option_field(spec) for spec in OPTIONS),
        field("preset", "preset", _suggested("A named option set"), "Options given above win over it."),
        field("model", "model", _suggested("The model that writes"), "The channel's own when left out."),
        field(_SWITCHES, "Otherwise", _switches()),
    ]
    return modal("Complete", blocks, "Complete", callback_id=COMPLETE, private_metadata=deed.remembered())


def _option_field(spec: OptionSpec) -> Block:
    label = f"{spec.name} ({spec.range})"
    if spec.kind == "strings":
        return field(spec.name, label, text_input(most=900), f"{spec.help} Put {STOPS_ARE_SPLIT_AT} between.")
    bounds = {
        name: f"{bound:g}" if spec.kind == "number" else str(int(bound))
        for name, bound in (("min_value", spec.minimum), ("max_value", spec.maximum))
        if bound is not None
    }
    element = {"type": "number_input", "is_decimal_allowed": spec.kind == "number", **bounds}
    return field(spec.name, label, element, spec.help)


def _suggested(placeholder: str) -> Block:
    return {"type": "external_select", "min_query_length": 0, "placeholder": plain_text(placeholder)}


def _switches() -> Block:
    options = [
        {"text": plain_text("Show the result to me alone"), "value": _PRIVATE},
        {"text": plain_text("Refuse an over-long prompt instead of cutting it"), "value": _REFUSE},
    ]
    return {"type": "checkboxes", "options": options}


def read_complete(values: Mapping[str, Any]) -> tuple[Completion, bool]:
    """What a filled form asks for, and whether privately. Raises InvalidOptions that names the field."""
    given: dict[str, Any] = {spec.name: values[spec.name] for spec in OPTIONS if values.get(spec.name)}
    if "stop" in given:
        given["stop"] = [read_escapes(stop) for stop in given["stop"].split(STOPS_ARE_SPLIT_AT) if stop]
    switches = values.get(_SWITCHES) or ()
    completion = Completion(
        values.get("prompt") or "",
        parse_overrides(given),
        values.get("preset"),
        values.get("model"),
        _REFUSE not in switches,
    )
    return completion, _PRIVATE in switches


def suggestions(names: Sequence[str]) -> list[Block]:
    """Slack's menus take names of up to 75 characters."""
    return [{"text": plain_text(name), "value": name} for name in names if len(name) <= 75]


def read_values(view: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed and chosen, by field."""
    states = view.get("state", {}).get("values", {})
    return {name: _value(next(iter(state.values()))) for name, state in states.items() if state}


def _value(state: Mapping[str, Any]) -> Any:
    if "selected_options" in state:
        return tuple(option["value"] for option in state["selected_options"] or ())
    if "selected_option" in state:
        return (state["selected_option"] or {}).get("value")
    return state.get("value")


def vary_modal(control: Control, deed: Deed, options: SamplingOptions) -> Block:
    fields = [
        field(each.name, each.label, text_input(each.value[:INPUT_LIMIT], INPUT_LIMIT), each.hint)
        for each in vary_form(options)
    ]
    return _control_modal("Vary", control, deed, fields)


def edit_modal(control: Control, deed: Deed, prompt: str) -> Block:
    """Raises InvalidOptions when the prompt doesn't fit into a form."""
    if len(prompt) > INPUT_LIMIT:
        raise InvalidOptions(
            f"That prompt is {len(prompt):,} characters; a form takes {INPUT_LIMIT:,}. Mention me with the new text."
        )
    line = field("prompt", "Prompt", text_input(prompt, INPUT_LIMIT, multiline=True), optional=False)
    return _control_modal("Edit the prompt", control, deed, [line])


def _control_modal(title: str, control: Control, deed: Deed, fields: list[Block]) -> Block:
    return modal(title, fields, "Write", callback_id=control.custom_id, private_metadata=deed.remembered())


def config_form(deed: Deed, rows: Sequence[SettingRow]) -> Block:
    """Every setting as a line of text; an empty one is as built in."""
    fields = [
        field(row.name, row.name, text_input(_written(row.value)[:INPUT_LIMIT], INPUT_LIMIT), row.help) for row in rows
    ]
    memory = _memory(deed, rows)
    if len(memory) > INPUT_LIMIT:  # A very long word filter: change it by the command.
        memory = _memory(deed, [row for row in rows if row.name != "word_filter"])
        fields = [each for each in fields if each["block_id"] != "word_filter"]
    return modal("Settings", fields, "Save", callback_id=CONFIG, private_metadata=memory)


def _memory(deed: Deed, rows: Sequence[SettingRow]) -> str:
    shown = {row.name: _written(row.value) for row in rows if row.value is not None}
    return json.dumps({**json.loads(deed.remembered()), "shown": shown}, ensure_ascii=False)


def changed_settings(view: Mapping[str, Any]) -> dict[str, str]:
    """Those whose line differs from what the form showed; `none` unsets."""
    shown = json.loads(view.get("private_metadata") or "{}").get("shown", {})
    typed = {name: value or "" for name, value in read_values(view).items()}
    return {name: value or "none" for name, value in typed.items() if value != shown.get(name, "")}


def _written(value: SettingValue) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def notice(title: str, sentence: str) -> Block:
    """A view that only says something."""
    return modal(title, [section(sentence)])
